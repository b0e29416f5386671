#include "drawing/graph_layout.h"

#include <algorithm>
#include <cmath>

#include "drawing/edge_routes.h"
#include "drawing/layered_layout.h"
#include "drawing/row_layout.h"

namespace telltale::drawing {
namespace {

bool by_ends(const LayoutLane& a, const LayoutLane& b) {
  return std::pair(a.to, a.from) < std::pair(b.to, b.from);
}

float center(const LayoutBox& box) { return box.x + box.width / 2; }

// What an update adds to the credit: by itself, which is what it takes to find a place for a new
// task in a group of a graph of 5,000 tasks; and for each task and edge that is new or changed.
constexpr std::uint64_t kCreditEach = 250'000;
constexpr std::uint64_t kCreditForNews = 1'000;
// What laying out all afresh takes for a task or an edge, about.
constexpr std::uint64_t kAfreshSteps = 600;
// Of an update, for lanes near the boxes of edges that were given none.
constexpr std::uint64_t kSearchSteps = 1'000'000;
constexpr std::uint64_t kEdgeSteps = 8;
// What cannot be left out costs each edge its share: of more of them it alone would take most of a
// tenth of a second, and nobody follows so many by eye.
constexpr std::size_t kEdgesMost = 20'000;
// Routing all edges, their points included; past it each is one curve.
constexpr std::uint64_t kRouteSteps = 3'000'000;
constexpr std::uint64_t kRestoreSteps = 2 * GraphLayout::kCreditMost;

// Coordinates that can be: whole pixels are exact up to here.
constexpr float kFarthest = 1U << 24;

bool is_in(float at) { return at >= 0 && at <= kFarthest; }  // not NaN either

bool can_stand(const LayoutBox& box) {
  return is_in(box.x) && is_in(box.y) && box.width > 0 && box.width <= kFarthest &&
         box.height > 0 && box.height <= kFarthest;
}

// Downwards, between its boxes.
bool can_run(const LayoutLane& lane, const LayoutBox& from, const LayoutBox& to) {
  float y = from.y;
  for (const LayoutLane::Step& step : lane.steps) {
    if (!is_in(step.x) || !(step.y > y) || !(step.y < to.y)) return false;
    y = step.y;
  }
  return !lane.steps.empty();
}

std::size_t count_edges(const BoxGraph& graph) {
  std::size_t edges = 0;
  for (const std::vector<Node>& above : graph.above) edges += above.size();
  return edges;
}

}  // namespace

bool GraphLayout::update(std::span<const LayoutTask> tasks, std::span<const Slot> changed,
                         bool afresh, std::uint64_t found_out) {
  if (by_rows_) {
    drawn_ = false;
    return true;
  }
  std::uint64_t news = changed.size();
  for (const Slot slot : changed) news += tasks[slot].depends_on.size();
  credit_ = std::min(kCreditMost, credit_ + kCreditEach + kCreditForNews * news);
  // The first drawing, of what was told with it, is not taken from the credit.
  const bool first = graph_.boxes.empty();
  Work work(first ? kCreditMost : credit_);
  work.add(found_out);
  const bool moved = first ? place_afresh(tasks, work) : change(tasks, changed, afresh, work);
  last_steps_ = work.spent();
  if (!first) credit_ = work.left();
  if (!work.is_over()) return moved;
  give_up();
  return true;
}

bool GraphLayout::change(std::span<const LayoutTask> tasks, std::span<const Slot> changed,
                         bool afresh, Work& work) {
  if (afresh) {
    std::uint64_t size = tasks.size();
    for (const LayoutTask& task : tasks) size += task.depends_on.size();
    work.add(tasks.size());
    if (kAfreshSteps * size < work.left()) return place_afresh(tasks, work);
  }
  bool moved = false;
  std::vector<LayoutLane> found;
  Work search = work.part(kSearchSteps);
  for (const Slot slot : changed) {
    if (work.is_over()) return moved;
    const Growth growth = grow_box_graph(graph_, tasks, slot);
    if (growth.kind == Growth::Kind::rebuild) {
      keep(found, work);
      work.add(search);
      return rebuild(tasks, work) || moved;
    }
    work.add(tasks[slot].depends_on.size() + 1);
    if (growth.kind == Growth::Kind::box) {
      place(growth.node, work);
      find_lanes(growth.node, found, work, search);
      moved = true;
    }
    if (growth.kind == Growth::Kind::item) moved |= fit_loop(growth.node);
  }
  keep(found, work);
  work.add(search);
  if (moved) edges_.reset();
  return moved;
}

bool GraphLayout::place_afresh(std::span<const LayoutTask> tasks, Work& work) {
  const std::vector<LayoutBox> boxes = std::move(graph_.boxes);
  const std::vector<std::vector<Node>> above = std::move(graph_.above);
  graph_ = make_box_graph(tasks, work);
  if (count_edges(graph_) > kEdgesMost) work.end();
  if (work.is_over()) return true;
  lanes_ = place_all(graph_, work);
  if (work.is_over()) return true;
  take_places(std::vector<char>(graph_.boxes.size(), 1), work);
  std::vector<LayoutLane> found;
  Work search = work.part(kSearchSteps);
  for (Node node = 0; node < graph_.boxes.size(); ++node) find_lanes(node, found, work, search);
  keep(found, work);
  work.add(search);
  edges_.reset();
  return boxes != graph_.boxes || above != graph_.above;
}

// What had a place keeps it.
bool GraphLayout::rebuild(std::span<const LayoutTask> tasks, Work& work) {
  BoxGraph graph = make_box_graph(tasks, work);
  if (work.is_over()) return true;
  bool changed = graph.slots != graph_.slots || graph.above != graph_.above;
  std::vector<char> placed(graph.boxes.size(), 0);
  std::size_t gone = 0;
  for (const LayoutBox& box : graph_.boxes) {
    const Node node = box.slot < graph.nodes.size() ? graph.nodes[box.slot] : kNoNode;
    if (node == kNoNode) {
      ++gone;
      continue;
    }
    graph.boxes[node] = box;
    placed[node] = 1;
  }
  graph_ = std::move(graph);
  work.add(lanes_.size());
  gone += std::erase_if(lanes_, [&](const LayoutLane& lane) {
    const Node from = graph_.nodes[lane.from];
    const Node to = graph_.nodes[lane.to];
    return from == kNoNode || to == kNoNode ||
           !std::binary_search(graph_.above[to].begin(), graph_.above[to].end(), from);
  });
  if (gone > 0) take_places(placed, work);
  for (const Node node : graph_.order) {
    if (placed[node] == 0 && !work.is_over()) place(node, work);
  }
  std::vector<LayoutLane> found;
  Work search = work.part(kSearchSteps);
  for (Node node = 0; node < graph_.boxes.size() && !work.is_over(); ++node) {
    find_lanes(node, found, work, search);
    if (graph_.boxes[node].folded) changed |= fit_loop(node);
  }
  changed |= keep(found, work);
  work.add(search);
  if (changed) edges_.reset();
  return changed;
}

// Those of the placed boxes and their lanes, and of nothing else.
void GraphLayout::take_places(const std::vector<char>& placed, Work& work) {
  places_ = FreePlaces();
  for (Node node = 0; node < placed.size(); ++node) {
    if (placed[node] != 0) places_.add(graph_.boxes[node]);
  }
  for (const LayoutLane& lane : lanes_) places_.add(lane, *box(lane.to), work);
}

// Under the boxes that lead to it, as near as there is room.
void GraphLayout::place(Node node, Work& work) {
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
  places_.place(box, std::round(std::max(wish, 0.0F)), top, work);
}

bool GraphLayout::fit_loop(Node node) {
  LayoutBox& box = graph_.boxes[node];
  const Slot slot = box.slot;
  const LoopSize size = loop_size(box.width, graph_.children[slot], graph_.stages[slot]);
  return places_.grow(box, size);
}

// Lanes for those edges to `to` that pass layers and have none: near their boxes until `search` is
// over.
void GraphLayout::find_lanes(Node to, std::vector<LayoutLane>& found, Work& work, Work& search) {
  const LayoutBox& below = graph_.boxes[to];
  work.add(kEdgeSteps * graph_.above[to].size() + 1);
  for (const Node from : graph_.above[to]) {
    const LayoutBox& above = graph_.boxes[from];
    if (!places_.passes_layers(above, below) || lane(above.slot, below.slot) != nullptr) continue;
    found.push_back(places_.find_lane(above, below, search));
    places_.add(found.back(), below, work);
  }
}

bool GraphLayout::keep(std::vector<LayoutLane>& found, Work& work) {
  if (found.empty()) return false;
  work.add(lanes_.size() + kEdgeSteps * found.size());
  std::sort(found.begin(), found.end(), by_ends);
  const auto middle = static_cast<std::ptrdiff_t>(lanes_.size());
  lanes_.insert(lanes_.end(), std::move_iterator(found.begin()), std::move_iterator(found.end()));
  std::inplace_merge(lanes_.begin(), lanes_.begin() + middle, lanes_.end(), by_ends);
  found.clear();
  return true;
}

void GraphLayout::give_up() {
  graph_ = BoxGraph();
  lanes_ = {};
  places_ = FreePlaces();
  edges_.reset();
  by_rows_ = true;
  drawn_ = false;
}

void GraphLayout::draw_rows(std::span<const LayoutTask> tasks) {
  Work unbounded;
  graph_ = make_box_graph(tasks, unbounded, GroupEnds::one);
  place_rows(graph_);
  edges_ = draw_direct(graph_);
  drawn_ = true;
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
  if (!edges_) {
    Work work(kRouteSteps);
    edges_ = route_edges(graph_, lanes_, work);
  }
  return *edges_;
}

bool GraphLayout::restore(std::span<const LayoutTask> tasks, std::span<const LayoutBox> boxes,
                          std::vector<LayoutLane> lanes, std::uint64_t credit) {
  if (credit > kCreditMost || !std::ranges::all_of(boxes, can_stand)) return false;
  // What one update may take, and all that was taken by those before.
  Work work(kRestoreSteps);
  graph_ = make_box_graph(tasks, work);
  if (work.is_over() || boxes.size() != graph_.boxes.size()) return false;
  for (std::size_t node = 0; node < boxes.size(); ++node) {
    if (boxes[node].slot != graph_.slots[node]) return false;
    graph_.boxes[node] = boxes[node];
    if (!places_.add(boxes[node])) return false;
  }
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    if (i > 0 && !by_ends(lanes[i - 1], lanes[i])) return false;
    const LayoutBox* from = box(lanes[i].from);
    const LayoutBox* to = box(lanes[i].to);
    if (from == nullptr || to == nullptr || !can_run(lanes[i], *from, *to)) return false;
    places_.add(lanes[i], *to, work);
  }
  lanes_ = std::move(lanes);
  credit_ = credit;
  edges_.reset();
  return !work.is_over();
}

void GraphLayout::restore_rows(std::uint64_t credit) {
  give_up();
  credit_ = std::min(credit, kCreditMost);
}

}  // namespace telltale::drawing
