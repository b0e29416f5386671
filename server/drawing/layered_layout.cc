#include "drawing/layered_layout.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "drawing/edge_plan.h"
#include "drawing/layer_align.h"
#include "drawing/layer_graph.h"
#include "drawing/layer_order.h"

namespace telltale::drawing {
namespace {

// Between tracks of a gap; narrower where there are so many that the gap would become a sea.
constexpr float kTrackGap = 8;
constexpr float kGapMax = 120;

// Tasks without edges stand in a block of about this many columns for each row, not wider than so
// many cards unless the drawing is.
constexpr float kAloneShape = 0.6F;
constexpr float kAloneColumns = 16;
constexpr float kAloneWidth = 224;
constexpr float kAloneGap = 36;

// Steps that may be taken for fewer crossings, for straight edges, and for tracks of their own:
// what graphs of some thousand tasks need, and more than that takes no longer.
constexpr std::uint64_t kOrderSteps = 2'000'000;
constexpr std::uint64_t kAlignSteps = 1'700'000;
constexpr std::uint64_t kPlanSteps = 1'500'000;
constexpr std::uint64_t kVertexSteps = 4;  // counted for a vertex, and a long edge, that is placed

class Drawing {
 public:
  Drawing(BoxGraph& graph, Work& work) : graph_(graph), work_(work), layers_(graph, work) {}

  std::vector<LayoutLane> draw() {
    if (work_.is_over()) return {};
    do_part(kOrderSteps, [this](Work& part) { order_layers(layers_, part); });
    layers_.move_lanes_aside();
    do_part(kAlignSteps, [this](Work& part) { center_ = align_layers(layers_, part); });
    work_.add(kVertexSteps * layers_.vertices());
    straighten_lanes();
    to_whole_pixels();
    set_heights();
    return std::move(lanes_);
  }

 private:
  template <typename Do>
  void do_part(std::uint64_t most, const Do& what) {
    Work part = work_.part(most);
    what(part);
    work_.add(part);
  }

  struct Range {
    double from;
    double to;
  };

  // Where a bend may stand between its neighbours.
  Range room(Vertex bend) const {
    const std::vector<Vertex>& layer = layers_.layers[layers_.layer_of(bend)];
    const std::size_t i = place_[bend];
    Range range{-1e9, 1e9};
    if (i > 0) range.from = center_[layer[i - 1]] + layers_.apart(layer[i - 1], bend);
    if (i + 1 < layer.size()) range.to = center_[layer[i + 1]] - layers_.apart(bend, layer[i + 1]);
    return range;
  }

  // Each lane as few straight pieces as the room between its neighbours allows.
  void straighten_lanes() {
    place_.resize(layers_.vertices());
    for (const std::vector<Vertex>& layer : layers_.layers) {
      for (std::uint32_t i = 0; i < layer.size(); ++i) place_[layer[i]] = i;
    }
    for (const Lane& lane : layers_.lanes()) {
      const Vertex end = lane.first + lane.count;
      double before = center_[layers_.above(lane.first).front()];
      const double target = center_[layers_.below(end - 1).front()];
      for (Vertex bend = lane.first; bend < end;) {
        Range common = room(bend);
        Vertex next = bend + 1;
        for (; next < end; ++next) {
          const Range more = room(next);
          if (std::max(common.from, more.from) > std::min(common.to, more.to)) break;
          common = {std::max(common.from, more.from), std::min(common.to, more.to)};
        }
        if (common.from > common.to) common.to = common.from = center_[bend];
        const bool fits = before >= common.from && before <= common.to;
        const double wish = next == end && !fits ? target : before;
        before = std::clamp(wish, common.from, common.to);
        for (; bend < next; ++bend) center_[bend] = before;
      }
    }
  }

  void to_whole_pixels() {
    double left = std::numeric_limits<double>::infinity();
    for (const std::vector<Vertex>& layer : layers_.layers)
      left = std::min(left, center_[layer.front()] - layers_.width(layer.front()) / 2);
    for (double& x : center_) x = std::round(x - left);
    for (Node node = 0; node < graph_.boxes.size(); ++node) {
      LayoutBox& box = graph_.boxes[node];
      box.x = static_cast<float>(center_[node]) - box.width / 2;
    }
  }

  // Layers one under the other, as far apart as the edges between them need. Until that is known a
  // layer's y is its number.
  void set_heights() {
    for (std::size_t i = 0; i < layers_.layers.size(); ++i) {
      for (const Vertex vertex : layers_.layers[i]) {
        if (!layers_.is_bend(vertex)) graph_.boxes[vertex].y = static_cast<float>(i);
      }
    }
    make_lanes();
    if (work_.is_over()) return;
    do_part(kPlanSteps, [this](Work& part) { set_tops(EdgePlan(graph_, lanes_, part)); });
  }

  void set_tops(const EdgePlan& plan) {
    std::vector<float> top(layers_.layers.size(), 0);
    float y = 0;
    for (std::uint32_t i = 0; i < top.size(); ++i) {
      if (i > 0) y += gap(plan.tracks(i));
      top[i] = y;
      float height = 0;
      for (const Vertex vertex : layers_.layers[i]) {
        if (layers_.is_bend(vertex)) continue;
        graph_.boxes[vertex].y = y;
        height = std::max(height, room_height(graph_.boxes[vertex]));
      }
      y += height;
    }
    place_alone(y);
    for (LayoutLane& lane : lanes_) {
      for (LayoutLane::Step& step : lane.steps) step.y = top[static_cast<std::size_t>(step.y)];
    }
  }

  // Tasks without any edge, in rows below the others.
  void place_alone(float y) {
    std::vector<Node> alone;
    float right = 0;
    for (Node node = 0; node < graph_.boxes.size(); ++node) {
      const LayoutBox& box = graph_.boxes[node];
      if (layers_.is_alone(node))
        alone.push_back(node);
      else
        right = std::max(right, box.x + box.width);
    }
    const float columns = std::ceil(std::sqrt(static_cast<float>(alone.size()) * kAloneShape));
    right = std::max(right, std::min(columns, kAloneColumns) * kAloneWidth);
    if (y > 0) y += kAloneGap;
    float x = 0;
    float height = 0;
    for (const Node node : alone) {
      LayoutBox& box = graph_.boxes[node];
      if (x > 0 && x + room_width(box) > right) {
        x = 0;
        y += height + kLayerGap;
        height = 0;
      }
      box.x = x + (room_width(box) - box.width) / 2;
      box.y = y;
      x += room_width(box) + kSiblingGap;
      height = std::max(height, room_height(box));
    }
  }

  static float gap(std::uint32_t tracks) {
    if (tracks <= 1) return kLayerGap;
    const float wanted = 2 * kClearance + static_cast<float>(tracks - 1) * kTrackGap;
    return std::clamp(wanted, kLayerGap, kGapMax);
  }

  void make_lanes() {
    // Where each row of bends turns aside, found once for all edges along it.
    std::vector<std::vector<std::uint32_t>> turns(layers_.lanes().size());
    for (std::size_t i = 0; i < turns.size(); ++i) {
      const Lane& bends = layers_.lanes()[i];
      for (std::uint32_t bend = 1; bend < bends.count; ++bend) {
        if (lane_x(bends, bend) != lane_x(bends, bend - 1)) turns[i].push_back(bend);
      }
    }
    for (const LongEdge& edge : layers_.long_edges()) {
      const Lane& bends = layers_.lanes()[edge.lane];
      const std::vector<std::uint32_t>& turn = turns[edge.lane];
      LayoutLane lane{graph_.slots[edge.from], graph_.slots[edge.to], {}, bends.shared, false};
      const auto add = [&](std::uint32_t bend) {
        lane.steps.push_back({static_cast<float>(bends.layer + bend), lane_x(bends, bend)});
      };
      add(edge.begin);
      auto next = std::upper_bound(turn.begin(), turn.end(), edge.begin);
      for (; next != turn.end() && *next < edge.end; ++next) add(*next);
      work_.add(kVertexSteps + lane.steps.size());
      if (work_.is_over()) return;
      lanes_.push_back(std::move(lane));
    }
    std::sort(lanes_.begin(), lanes_.end(), [](const LayoutLane& a, const LayoutLane& b) {
      return std::pair(a.to, a.from) < std::pair(b.to, b.from);
    });
  }

  float lane_x(const Lane& lane, std::uint32_t bend) const {
    return static_cast<float>(center_[lane.first + bend]);
  }

  BoxGraph& graph_;
  Work& work_;
  LayerGraph layers_;
  std::vector<double> center_;
  std::vector<std::uint32_t> place_;  // of each vertex in its layer
  std::vector<LayoutLane> lanes_;
};

}  // namespace

std::vector<LayoutLane> place_all(BoxGraph& graph, Work& work) {
  return Drawing(graph, work).draw();
}

}  // namespace telltale::drawing
