#include "drawing/edge_plan.h"

#include <algorithm>
#include <cmath>

#include "drawing/gap_tracks.h"

namespace telltale::drawing {
namespace {

constexpr float kPortGap = 14;    // between two ends at one side of a box
constexpr float kPortInset = 16;  // from a box's corner to the nearest end
constexpr float kNearly = 24;     // rather this much further out than a swing of so few px

// Counted for a box, for an edge with its two ends, and for a swing.
constexpr std::uint64_t kBoxSteps = 8;
constexpr std::uint64_t kRouteSteps = 16;
constexpr std::uint64_t kSwingSteps = 4;

float center(const LayoutBox& box) { return box.x + box.width / 2; }

// How far from its middle a box takes edges that come from aside, and one that could be straight.
float reach(const LayoutBox& box) { return std::max(box.width / 4, box.width / 2 - 64); }

// Where an edge that comes from `x` would best meet the box.
float wish_at(const LayoutBox& box, float x) {
  const float far = reach(box);
  const float off = x - center(box);
  if (std::abs(off) <= far + kNearly) return x;
  return center(box) + std::copysign(far, off);
}

// Ends in the order of `xs`, moved apart, and within the box's sides.
void spread(const LayoutBox& box, std::vector<float>& xs) {
  if (xs.empty()) return;
  const float left = box.x + kPortInset;
  const float right = box.x + box.width - kPortInset;
  const float gap =
      xs.size() == 1 ? 0 : std::min(kPortGap, (right - left) / static_cast<float>(xs.size() - 1));
  // Pools of neighbours too near to each other, each around the mean of what its members wish.
  struct Pool {
    float sum;
    float count;
  };
  std::vector<Pool> pools;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    pools.push_back({xs[i] - static_cast<float>(i) * gap, 1});
    while (pools.size() > 1) {
      const Pool last = pools.back();
      Pool& before = pools[pools.size() - 2];
      if (before.sum / before.count <= last.sum / last.count) break;
      before.sum += last.sum;
      before.count += last.count;
      pools.pop_back();
    }
  }
  std::size_t i = 0;
  for (const Pool& pool : pools) {
    for (float n = 0; n < pool.count; ++n, ++i)
      xs[i] = pool.sum / pool.count + static_cast<float>(i) * gap;
  }
  for (std::size_t k = 0; k < xs.size(); ++k) {
    const float from_left = static_cast<float>(k) * gap;
    const float from_right = static_cast<float>(xs.size() - 1 - k) * gap;
    xs[k] = std::round(std::clamp(xs[k], left + from_left, right - from_right));
  }
}

}  // namespace

EdgePlan::EdgePlan(const BoxGraph& graph, std::span<const LayoutLane> lanes, Work& work)
    : graph_(graph) {
  find_bands();
  find_routes(lanes);
  leave_boxes();
  enter_boxes();
  make_swings();
  work.add(kBoxSteps * graph.boxes.size() + kRouteSteps * routes_.size() +
           kSwingSteps * swings_.size());
  assign_tracks(work);
}

void EdgePlan::find_bands() {
  std::vector<Node> sorted(graph_.boxes.size());
  for (Node node = 0; node < sorted.size(); ++node) sorted[node] = node;
  std::sort(sorted.begin(), sorted.end(),
            [this](Node a, Node b) { return graph_.boxes[a].y < graph_.boxes[b].y; });
  band_of_.resize(sorted.size());
  for (const Node node : sorted) {
    const LayoutBox& box = graph_.boxes[node];
    if (bands_.empty() || bands_.back().top != box.y) bands_.push_back({box.y, box.y});
    bands_.back().bottom = std::max(bands_.back().bottom, box.y + room_height(box));
    band_of_[node] = static_cast<std::uint32_t>(bands_.size() - 1);
  }
}

void EdgePlan::find_routes(std::span<const LayoutLane> lanes) {
  in_.assign(graph_.boxes.size(), 0);
  out_.assign(graph_.boxes.size(), 0);
  auto lane = lanes.begin();
  for (Node to = 0; to < graph_.above.size(); ++to) {
    for (const Node from : graph_.above[to]) {
      const std::pair<Slot, Slot> key(graph_.slots[to], graph_.slots[from]);
      while (lane != lanes.end() && std::pair(lane->to, lane->from) < key) ++lane;
      const bool has_lane = lane != lanes.end() && std::pair(lane->to, lane->from) == key;
      routes_.push_back({from, to, 0, 0, 0, 0});
      lane_of_.push_back(has_lane ? &*lane : nullptr);
      ++out_[from];
      ++in_[to];
    }
  }
}

// Where two boxes would share tracks, the one that more edges meet at does.
bool EdgePlan::by_target(const Route& route) const { return in_[route.to] > out_[route.from]; }

float EdgePlan::first_x(std::uint32_t route) const {
  const LayoutLane* lane = lane_of_[route];
  return lane != nullptr ? lane->steps.front().x : center(graph_.boxes[routes_[route].to]);
}

float EdgePlan::last_x(std::uint32_t route) const {
  const LayoutLane* lane = lane_of_[route];
  return lane != nullptr ? lane->steps.back().x : routes_[route].leaves;
}

// Edges that share a track share the place where they leave too; the others stand side by side.
void EdgePlan::leave_boxes() {
  std::vector<std::vector<std::uint32_t>> leaving(graph_.boxes.size());
  for (std::uint32_t i = 0; i < routes_.size(); ++i) leaving[routes_[i].from].push_back(i);
  struct End {
    float towards;
    float wish;
    std::vector<std::uint32_t> routes;
  };
  std::vector<End> ends;
  std::vector<float> xs;
  for (Node node = 0; node < leaving.size(); ++node) {
    const LayoutBox& box = graph_.boxes[node];
    ends.clear();
    End stem{0, center(box), {}};
    for (const std::uint32_t route : leaving[node]) {
      const float x = first_x(route);
      if (out_[node] > 1 && (lane_of_[route] != nullptr || !by_target(routes_[route]))) {
        stem.routes.push_back(route);
        stem.towards += x;
      } else {
        ends.push_back({x, wish_at(box, x), {route}});
      }
    }
    if (!stem.routes.empty()) {
      stem.towards /= static_cast<float>(stem.routes.size());
      ends.push_back(std::move(stem));
    }
    std::stable_sort(ends.begin(), ends.end(),
                     [](const End& a, const End& b) { return a.towards < b.towards; });
    xs.clear();
    for (const End& end : ends) xs.push_back(end.wish);
    spread(box, xs);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      for (const std::uint32_t route : ends[i].routes) routes_[route].leaves = xs[i];
    }
  }
}

void EdgePlan::enter_boxes() {
  std::vector<std::pair<float, std::uint32_t>> ends;
  std::vector<float> xs;
  for (std::uint32_t begin = 0; begin < routes_.size();) {
    const LayoutBox& box = graph_.boxes[routes_[begin].to];
    std::uint32_t end = begin;
    ends.clear();
    for (; end < routes_.size() && routes_[end].to == routes_[begin].to; ++end)
      ends.emplace_back(last_x(end), end);
    std::sort(ends.begin(), ends.end());
    xs.clear();
    for (const auto& [x, route] : ends) xs.push_back(wish_at(box, x));
    spread(box, xs);
    for (std::size_t i = 0; i < ends.size(); ++i) routes_[ends[i].second].enters = xs[i];
    begin = end;
  }
}

void EdgePlan::make_swings() {
  // Nets: 2 * node of what shares its source, 2 * node + 1 its target, then single ones.
  std::uint32_t nets = static_cast<std::uint32_t>(2 * graph_.boxes.size());
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    Route& route = routes_[i];
    route.first = route.end = static_cast<std::uint32_t>(swings_.size());
    if (band_of_[route.to] <= band_of_[route.from]) continue;
    const std::uint32_t source = 2 * route.from;
    const std::uint32_t target = 2 * route.to + 1;
    const std::uint32_t gap = band_of_[route.from] + 1;
    float x = route.leaves;
    if (const LayoutLane* lane = lane_of_[i]) {
      // Along a lane that its other edges take too, an edge belongs to their net.
      const bool to_net = lane->shared == LayoutLane::Shared::to;
      const bool from_net = lane->shared == LayoutLane::Shared::from;
      const std::uint32_t along = to_net ? target : from_net ? source : nets++;
      swings_.push_back({gap, x, lane->steps.front().x, 0, to_net ? target : source});
      for (std::size_t step = 1; step < lane->steps.size(); ++step) {
        const auto band = std::lower_bound(bands_.begin(), bands_.end(), lane->steps[step].y,
                                           [](const Band& one, float y) { return one.top < y; });
        swings_.push_back({static_cast<std::uint32_t>(band - bands_.begin()),
                           lane->steps[step - 1].x, lane->steps[step].x, 0, along});
      }
      x = lane->steps.back().x;
      swings_.push_back({band_of_[route.to], x, route.enters, 0, from_net ? source : target});
    } else {
      swings_.push_back({gap, x, route.enters, 0, by_target(route) ? target : source});
    }
    route.end = static_cast<std::uint32_t>(swings_.size());
  }
}

void EdgePlan::assign_tracks(Work& work) {
  std::vector<std::vector<std::uint32_t>> in_gap(bands_.size() + 1);
  for (std::uint32_t i = 0; i < swings_.size(); ++i) {
    if (swings_[i].from_x != swings_[i].to_x) in_gap[swings_[i].gap].push_back(i);
  }
  tracks_.assign(in_gap.size(), 0);
  for (std::size_t gap = 0; gap < in_gap.size(); ++gap)
    tracks_[gap] = assign_gap_tracks(swings_, in_gap[gap], work);
}

}  // namespace telltale::drawing
