#include "drawing/layer_graph.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace telltale::drawing {
namespace {

// Wider layers are cut in rows, so that a flat run of thousands is no line of kilometres.
constexpr std::size_t kRowBoxes = 24;
// Bends for each box. Beyond it, edges to the same task, or from the same one, share a lane; beyond
// it even then, the longest edges get theirs when the boxes are placed (free_places.h).
constexpr std::size_t kBendsPerBox = 6;
constexpr std::size_t kBendsAlways = 200;
// Whatever the boxes: what more would cost a graph of so many thousands is not followed by eye.
constexpr std::size_t kBendsMost = 25'000;

// Counted for each vertex, link and long edge. Bends are bounded above, so that all of them are a
// few times the boxes and edges.
constexpr std::uint64_t kStepsPerVertex = 12;

// Nodes as a walk from the tops, depth first, meets them, so that trees do not cross.
std::vector<Node> walk(const BoxGraph& graph) {
  const Node count = static_cast<Node>(graph.boxes.size());
  std::vector<char> seen(count, 0);
  std::vector<Node> stack;
  std::vector<Node> order;
  order.reserve(count);
  for (Node top = 0; top < count; ++top) {
    if (!graph.above[top].empty() || graph.below[top].empty()) continue;
    stack.push_back(top);
    while (!stack.empty()) {
      const Node node = stack.back();
      stack.pop_back();
      if (seen[node] != 0) continue;
      seen[node] = 1;
      order.push_back(node);
      stack.insert(stack.end(), graph.below[node].rbegin(), graph.below[node].rend());
    }
  }
  return order;
}

}  // namespace

LayerGraph::LayerGraph(const BoxGraph& graph, Work& work)
    : graph_(graph), boxes_(static_cast<Vertex>(graph.boxes.size())) {
  make_rows();
  make_lanes();
  order_by_walk();
  work.add(kStepsPerVertex * (layer_.size() + links_ + long_edges_.size()));
}

// Layers by rank, wide ranks as several.
void LayerGraph::make_rows() {
  const std::vector<Node> order = walk(graph_);
  std::uint32_t deepest = 0;
  for (const Node node : order) deepest = std::max(deepest, graph_.rank[node]);
  std::vector<std::size_t> count(order.empty() ? 0 : std::size_t{deepest} + 1, 0);
  for (const Node node : order) ++count[graph_.rank[node]];
  std::vector<std::size_t> each(count.size());
  std::vector<std::uint32_t> first(count.size());
  std::uint32_t rows = 0;
  for (std::size_t rank = 0; rank < count.size(); ++rank) {
    const std::size_t cuts = (count[rank] + kRowBoxes - 1) / kRowBoxes;
    each[rank] = (count[rank] + cuts - 1) / cuts;
    first[rank] = rows;
    rows += static_cast<std::uint32_t>((count[rank] + each[rank] - 1) / each[rank]);
  }
  layer_.assign(boxes_, 0);
  std::vector<std::size_t> met(count.size(), 0);
  for (const Node node : order) {
    const std::uint32_t rank = graph_.rank[node];
    layer_[node] = first[rank] + static_cast<std::uint32_t>(met[rank]++ / each[rank]);
  }
  layers.resize(rows);
}

void LayerGraph::make_lanes() {
  above_.resize(boxes_);
  below_.resize(boxes_);
  std::vector<LongEdge> past_rows;
  std::vector<LongEdge> past_ranks;
  for (Node to = 0; to < boxes_; ++to) {
    for (const Node from : graph_.above[to]) {
      if (layer_[to] == layer_[from] + 1) {
        link(from, to);
      } else if (graph_.rank[to] == graph_.rank[from] + 1) {
        past_rows.push_back({from, to, 0, 0, 0});
      } else {
        past_ranks.push_back({from, to, 0, 0, 0});
      }
    }
  }
  share_lanes(past_rows, true);
  share_lanes(past_ranks, false);
}

// A lane for each of the edges, or, `always` or where they are too many, for those that begin or
// end at one box.
void LayerGraph::share_lanes(std::vector<LongEdge>& edges, bool always) {
  std::vector<std::uint32_t> out(boxes_, 0);
  std::vector<std::uint32_t> in(boxes_, 0);
  std::size_t bends = 0;
  for (const LongEdge& edge : edges) {
    bends += layer_[edge.to] - layer_[edge.from] - 1;
    ++out[edge.from];
    ++in[edge.to];
  }
  const std::size_t bends_max = std::min(kBendsPerBox * boxes_ + kBendsAlways, kBendsMost);
  const bool share = always || bends > bends_max;
  std::map<std::pair<bool, Node>, std::vector<LongEdge>> groups;
  for (const LongEdge& edge : edges) {
    const bool at_target = in[edge.to] >= out[edge.from];
    const Node single = static_cast<Node>(groups.size());
    groups[{at_target, share ? (at_target ? edge.to : edge.from) : single}].push_back(edge);
  }
  std::vector<std::tuple<std::uint32_t, bool, std::vector<LongEdge>*>> by_length;
  for (auto& [key, group] : groups) {
    std::uint32_t top = UINT32_MAX;
    std::uint32_t bottom = 0;
    for (const LongEdge& edge : group) {
      top = std::min(top, layer_[edge.from] + 1);
      bottom = std::max(bottom, layer_[edge.to]);
    }
    by_length.emplace_back(bottom - top, key.first, &group);
  }
  std::stable_sort(by_length.begin(), by_length.end(),
                   [](const auto& a, const auto& b) { return std::get<0>(a) < std::get<0>(b); });
  bends = 0;
  for (const auto& [length, at_target, group] : by_length) {
    bends += length;
    if (bends > bends_max) break;
    const Lane::Side side = at_target ? Lane::Side::right : Lane::Side::left;
    const auto shared = at_target ? LayoutLane::Shared::to : LayoutLane::Shared::from;
    make_lane(*group, group->size() > 1 ? shared : LayoutLane::Shared::no,
              always ? side : Lane::Side::none);
  }
}

void LayerGraph::move_lanes_aside() {
  const auto side = [this](Vertex vertex) {
    return is_bend(vertex) ? lanes_[lane_of_[vertex - boxes_]].side : Lane::Side::none;
  };
  for (std::vector<Vertex>& layer : layers) {
    const auto middle = std::stable_partition(
        layer.begin(), layer.end(), [&](Vertex v) { return side(v) == Lane::Side::left; });
    std::stable_partition(middle, layer.end(),
                          [&](Vertex v) { return side(v) != Lane::Side::right; });
  }
}

// One lane for all of `edges`, which begin or end at one box.
void LayerGraph::make_lane(std::vector<LongEdge>& edges, LayoutLane::Shared shared,
                           Lane::Side side) {
  Lane lane{UINT32_MAX, static_cast<Vertex>(layer_.size()), 0, shared, side};
  std::uint32_t bottom = 0;
  for (const LongEdge& edge : edges) {
    lane.layer = std::min(lane.layer, layer_[edge.from] + 1);
    bottom = std::max(bottom, layer_[edge.to]);
  }
  lane.count = bottom - lane.layer;
  for (std::uint32_t i = 0; i < lane.count; ++i) layer_.push_back(lane.layer + i);
  lane_of_.resize(layer_.size() - boxes_, static_cast<std::uint32_t>(lanes_.size()));
  above_.resize(layer_.size());
  below_.resize(layer_.size());
  for (std::uint32_t i = 1; i < lane.count; ++i) link(lane.first + i - 1, lane.first + i);
  for (LongEdge& edge : edges) {
    edge.lane = static_cast<std::uint32_t>(lanes_.size());
    edge.begin = layer_[edge.from] + 1 - lane.layer;
    edge.end = layer_[edge.to] - lane.layer;
    const Vertex enters = lane.first + edge.begin;
    const Vertex leaves = lane.first + edge.end - 1;
    if (above_[enters].empty() || above_[enters].back() != edge.from) link(edge.from, enters);
    if (below_[leaves].empty() || below_[leaves].back() != edge.to) link(leaves, edge.to);
    long_edges_.push_back(edge);
  }
  lanes_.push_back(lane);
}

void LayerGraph::link(Vertex upper, Vertex lower) {
  below_[upper].push_back(lower);
  above_[lower].push_back(upper);
  ++links_;
}

// Within a layer: as a walk meets them, bends included.
void LayerGraph::order_by_walk() {
  std::vector<char> seen(layer_.size(), 0);
  std::vector<Vertex> stack;
  for (Vertex top = 0; top < layer_.size(); ++top) {
    if (!above_[top].empty() || is_alone(top)) continue;
    stack.push_back(top);
    while (!stack.empty()) {
      const Vertex vertex = stack.back();
      stack.pop_back();
      if (seen[vertex] != 0) continue;
      seen[vertex] = 1;
      layers[layer_[vertex]].push_back(vertex);
      stack.insert(stack.end(), below_[vertex].rbegin(), below_[vertex].rend());
    }
  }
}

}  // namespace telltale::drawing
