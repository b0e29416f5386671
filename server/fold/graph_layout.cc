#include "fold/graph_layout.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "fold/box_graph.h"
#include "fold/edge_routes.h"
#include "fold/layered_layout.h"

namespace telltale::fold {
namespace {

// A new box rather stands this many px aside than one px lower.
constexpr float kLowerCost = 12;
// Layers tried for a new box before it opens one at the bottom.
constexpr std::size_t kLayersTried = 64;

// The boxes that stay, by layer, while new ones are placed among them. Layers are the values of y;
// they never overlap, because a box only joins one it fits in.
class Places {
 public:
  void add(const LayoutBox& box) {
    layers_[box.y].emplace(box.x, box.width);
    bottom_ = std::max(bottom_, box.y + box.height);
  }

  void place(LayoutBox& box, float wish_x, float top) {
    float best_cost = std::numeric_limits<float>::infinity();
    std::size_t tried = 0;
    for (auto layer = layers_.lower_bound(top); layer != layers_.end(); ++layer) {
      if (++tried > kLayersTried || (layer->first - top) * kLowerCost >= best_cost) break;
      const auto next = std::next(layer);
      if (next != layers_.end() && layer->first + box.height + kLayerGap > next->first) continue;
      consider(box, wish_x, top, layer->first, nearest_free(layer->second, wish_x, box.width),
               best_cost);
    }
    const float below = layers_.empty() ? 0 : std::max(top, bottom_ + kLayerGap);
    consider(box, wish_x, top, below, std::max(wish_x, 0.0F), best_cost);
    add(box);
  }

 private:
  using Layer = std::map<float, float>;  // x -> width

  static void consider(LayoutBox& box, float wish_x, float top, float y, float x,
                       float& best_cost) {
    const float cost = std::abs(x - wish_x) + (y - top) * kLowerCost;
    if (cost >= best_cost) return;
    best_cost = cost;
    box.x = x;
    box.y = y;
  }

  // The free place nearest to `wish`, not left of 0.
  static float nearest_free(const Layer& layer, float wish, float width) {
    float best = std::numeric_limits<float>::infinity();
    float free_from = 0;
    const auto try_gap = [&](float end) {
      if (end - free_from < width) return;
      const float x = std::clamp(wish, free_from, end - width);
      if (std::abs(x - wish) < std::abs(best - wish)) best = x;
    };
    for (const auto& [x, taken] : layer) {
      try_gap(x - kSiblingGap);
      free_from = std::max(free_from, x + taken + kSiblingGap);
    }
    try_gap(std::numeric_limits<float>::max());
    return best;
  }

  std::map<float, Layer> layers_;
  float bottom_ = 0;
};

}  // namespace

bool GraphLayout::update(std::span<const LayoutTask> tasks, bool afresh) {
  BoxGraph graph = make_box_graph(tasks);
  if (afresh || boxes_.empty()) {
    place_all(graph);
    const bool changed = boxes_ != graph.boxes;
    boxes_ = std::move(graph.boxes);
    return changed;
  }
  std::vector<char> placed(graph.boxes.size(), 0);
  std::size_t kept = 0;
  Places places;
  for (const LayoutBox& box : boxes_) {
    const Node node = box.slot < graph.nodes.size() ? graph.nodes[box.slot] : kNoNode;
    if (node == kNoNode) continue;
    graph.boxes[node] = box;
    placed[node] = 1;
    places.add(box);
    ++kept;
  }
  if (kept == boxes_.size() && kept == graph.boxes.size()) return false;
  for (const Node node : graph.order) {
    if (placed[node] != 0) continue;
    LayoutBox& box = graph.boxes[node];
    float top = 0;
    float centers = 0;
    for (const Node other : graph.above[node]) {
      const LayoutBox& above = graph.boxes[other];
      top = std::max(top, above.y + above.height + kLayerGap);
      centers += above.x + above.width / 2;
    }
    const std::size_t count = graph.above[node].size();
    const float wish = count == 0 ? 0 : centers / static_cast<float>(count) - box.width / 2;
    places.place(box, std::round(std::max(wish, 0.0F)), top);
  }
  boxes_ = std::move(graph.boxes);
  return true;
}

const LayoutBox* GraphLayout::box(Slot slot) const {
  const auto found = std::lower_bound(boxes_.begin(), boxes_.end(), slot,
                                      [](const LayoutBox& box, Slot s) { return box.slot < s; });
  return found == boxes_.end() || found->slot != slot ? nullptr : &*found;
}

float GraphLayout::width() const {
  float width = 0;
  for (const LayoutBox& box : boxes_) width = std::max(width, box.x + box.width);
  return width;
}

float GraphLayout::height() const {
  float height = 0;
  for (const LayoutBox& box : boxes_) height = std::max(height, box.y + box.height);
  return height;
}

std::vector<LayoutEdge> GraphLayout::edges(std::span<const LayoutTask> tasks) const {
  BoxGraph graph = make_box_graph(tasks);
  for (LayoutBox& box : graph.boxes) {
    if (const LayoutBox* placed = this->box(box.slot)) box = *placed;
  }
  return route_edges(graph);
}

}  // namespace telltale::fold
