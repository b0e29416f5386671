#include "drawing/graph_layout.h"

#include <algorithm>
#include <cmath>

#include "drawing/edge_routes.h"
#include "drawing/layered_layout.h"

namespace telltale::drawing {
namespace {

bool by_ends(const LayoutLane& a, const LayoutLane& b) {
  return std::pair(a.to, a.from) < std::pair(b.to, b.from);
}

float center(const LayoutBox& box) { return box.x + box.width / 2; }

}  // namespace

bool GraphLayout::update(std::span<const LayoutTask> tasks, std::span<const Slot> changed,
                         bool afresh) {
  if (afresh || graph_.boxes.empty()) return place_afresh(tasks);
  bool moved = false;
  for (const Slot slot : changed) {
    const Growth growth = grow_box_graph(graph_, tasks, slot);
    if (growth.kind == Growth::Kind::rebuild) return rebuild(tasks) || moved;
    if (growth.kind == Growth::Kind::box) {
      place(growth.node);
      std::vector<LayoutLane> found;
      find_lanes(growth.node, found);
      keep(std::move(found));
      moved = true;
    }
    if (growth.kind == Growth::Kind::item) moved |= fit_loop(growth.node);
  }
  if (moved) edges_.reset();
  return moved;
}

bool GraphLayout::place_afresh(std::span<const LayoutTask> tasks) {
  const std::vector<LayoutBox> boxes = std::move(graph_.boxes);
  const std::vector<std::vector<Node>> above = std::move(graph_.above);
  graph_ = make_box_graph(tasks);
  lanes_ = place_all(graph_);
  places_ = FreePlaces();
  for (const LayoutBox& box : graph_.boxes) places_.add(box);
  for (const LayoutLane& lane : lanes_) places_.add(lane, *box(lane.to));
  std::vector<LayoutLane> found;
  for (Node node = 0; node < graph_.boxes.size(); ++node) find_lanes(node, found);
  keep(std::move(found));
  edges_.reset();
  return boxes != graph_.boxes || above != graph_.above;
}

// What had a place keeps it.
bool GraphLayout::rebuild(std::span<const LayoutTask> tasks) {
  BoxGraph graph = make_box_graph(tasks);
  bool changed = graph.slots != graph_.slots || graph.above != graph_.above;
  std::vector<char> placed(graph.boxes.size(), 0);
  places_ = FreePlaces();
  for (const LayoutBox& box : graph_.boxes) {
    const Node node = box.slot < graph.nodes.size() ? graph.nodes[box.slot] : kNoNode;
    if (node == kNoNode) continue;
    graph.boxes[node] = box;
    placed[node] = 1;
    places_.add(box);
  }
  graph_ = std::move(graph);
  std::erase_if(lanes_, [&](const LayoutLane& lane) {
    const Node from = graph_.nodes[lane.from];
    const Node to = graph_.nodes[lane.to];
    return from == kNoNode || to == kNoNode ||
           !std::binary_search(graph_.above[to].begin(), graph_.above[to].end(), from);
  });
  for (const LayoutLane& lane : lanes_) places_.add(lane, *box(lane.to));
  for (const Node node : graph_.order) {
    if (placed[node] == 0) place(node);
  }
  std::vector<LayoutLane> found;
  for (Node node = 0; node < graph_.boxes.size(); ++node) {
    find_lanes(node, found);
    if (graph_.boxes[node].folded) changed |= fit_loop(node);
  }
  changed |= keep(std::move(found));
  if (changed) edges_.reset();
  return changed;
}

// Under the boxes that lead to it, as near as there is room.
void GraphLayout::place(Node node) {
  LayoutBox& box = graph_.boxes[node];
  float top = 0;
  float centers = 0;
  for (const Node other : graph_.above[node]) {
    const LayoutBox& above = graph_.boxes[other];
    top = std::max(top, above.y + room_height(above) + kLayerGap);
    centers += center(above);
  }
  const std::size_t count = graph_.above[node].size();
  const float wish = count == 0 ? 0 : centers / static_cast<float>(count) - room_width(box) / 2;
  places_.place(box, std::round(std::max(wish, 0.0F)), top);
}

bool GraphLayout::fit_loop(Node node) {
  LayoutBox& box = graph_.boxes[node];
  const Slot slot = box.slot;
  const LoopSize size = loop_size(box.width, graph_.children[slot], graph_.stages[slot]);
  return places_.grow(box, size);
}

// Lanes for those edges to `to` that pass layers and have none.
void GraphLayout::find_lanes(Node to, std::vector<LayoutLane>& found) {
  const LayoutBox& below = graph_.boxes[to];
  for (const Node from : graph_.above[to]) {
    const LayoutBox& above = graph_.boxes[from];
    if (!places_.passes_layers(above, below) || lane(above.slot, below.slot) != nullptr) continue;
    found.push_back(places_.find_lane(above, below));
    places_.add(found.back(), below);
  }
}

bool GraphLayout::keep(std::vector<LayoutLane> found) {
  if (found.empty()) return false;
  const auto middle = static_cast<std::ptrdiff_t>(lanes_.size());
  lanes_.insert(lanes_.end(), std::move_iterator(found.begin()), std::move_iterator(found.end()));
  std::inplace_merge(lanes_.begin(), lanes_.begin() + middle, lanes_.end(), by_ends);
  return true;
}

const LayoutLane* GraphLayout::lane(Slot from, Slot to) const {
  const LayoutLane key{from, to, {}};
  const auto found = std::lower_bound(lanes_.begin(), lanes_.end(), key, by_ends);
  return found == lanes_.end() || found->from != from || found->to != to ? nullptr : &*found;
}

const LayoutBox* GraphLayout::box(Slot slot) const {
  const Node node = slot < graph_.nodes.size() ? graph_.nodes[slot] : kNoNode;
  return node == kNoNode ? nullptr : &graph_.boxes[node];
}

float GraphLayout::width() const {
  float width = 0;
  for (const LayoutBox& box : graph_.boxes) width = std::max(width, box.x + box.width);
  for (const LayoutLane& lane : lanes_) {
    for (const LayoutLane::Step& step : lane.steps) width = std::max(width, step.x + kLaneGap);
  }
  return width;
}

float GraphLayout::height() const {
  float height = 0;
  for (const LayoutBox& box : graph_.boxes) height = std::max(height, box.y + box.height);
  return height;
}

const std::vector<LayoutEdge>& GraphLayout::edges() const {
  if (!edges_) edges_ = route_edges(graph_, lanes_);
  return *edges_;
}

void GraphLayout::restore(std::span<const LayoutTask> tasks, std::span<const LayoutBox> boxes,
                          std::vector<LayoutLane> lanes) {
  graph_ = make_box_graph(tasks);
  for (const LayoutBox& box : boxes) {
    const Node node = graph_.nodes[box.slot];
    if (node == kNoNode) continue;
    graph_.boxes[node] = box;
    places_.add(box);
  }
  lanes_ = std::move(lanes);
  std::erase_if(lanes_, [&](const LayoutLane& lane) {
    return lane.steps.empty() || box(lane.from) == nullptr || box(lane.to) == nullptr;
  });
  for (const LayoutLane& lane : lanes_) places_.add(lane, *box(lane.to));
  edges_.reset();
}

}  // namespace telltale::drawing
