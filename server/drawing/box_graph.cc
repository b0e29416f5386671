#include "drawing/box_graph.h"

#include <algorithm>
#include <cmath>

#include "drawing/loop_size.h"

namespace telltale::drawing {
namespace {

// A dependency between two groups of many tasks is drawn by so many edges; beyond it each task
// still has one, but not one to every other.
constexpr std::size_t kEdgesPerDependency = 1'024;

// What making the graph takes, in counted steps: lists and orders of each task and of each edge.
constexpr std::uint64_t kStepsPerTask = 20;
constexpr std::uint64_t kStepsPerEdge = 8;

constexpr float kCharacterWidth = 7.2F;
constexpr float kCardPadding = 96;  // icon, time and margins
constexpr float kCardWidthMin = 192;
constexpr float kCardWidthMax = 288;
constexpr float kLoopCount = 48;  // "10,000 × " before a loop's name

LayoutBox make_box(Slot slot, const LayoutTask& task, std::uint32_t items, std::uint32_t stages) {
  const float text = static_cast<float>(std::min(task.name_columns, 1'000U)) * kCharacterWidth;
  // Even, so that centers are whole pixels and straight edges are straight.
  const float even = std::round((text + kCardPadding) / 2) * 2;
  LayoutBox box{slot, 0, 0, std::clamp(even, kCardWidthMin, kCardWidthMax), kCardHeight};
  if (task.kind != TaskKind::loop) return box;
  const LoopSize size = loop_size(box.width + kLoopCount, items, stages);
  box.width = size.width;
  box.height = size.height;
  box.folded = true;
  box.awaits = items == 0;
  return box;
}

class Builder {
 public:
  Builder(std::span<const LayoutTask> tasks, Work& work, GroupEnds ends)
      : tasks_(tasks), work_(work), ends_(ends) {}

  BoxGraph build() {
    work_.add(tasks_.size() * kStepsPerTask);
    find_parents();
    find_boxes();
    find_ends();
    connect();
    if (!work_.is_over()) rank();
    return std::move(graph_);
  }

 private:
  // Parents without circles and removed ones, and the tasks ordered so that parents come first.
  void find_parents() {
    const Slot count = static_cast<Slot>(tasks_.size());
    parents_.assign(count, kNoSlot);
    for (Slot slot = 0; slot < count; ++slot) {
      const Slot parent = tasks_[slot].parent;
      if (parent < count && !tasks_[parent].removed) parents_[slot] = parent;
    }
    enum : char { unseen, open, done };
    std::vector<char> seen(count, unseen);
    std::vector<Slot> path;
    for (Slot slot = 0; slot < count; ++slot) {
      path.clear();
      Slot at = slot;
      while (at != kNoSlot && seen[at] == unseen) {
        seen[at] = open;
        path.push_back(at);
        at = parents_[at];
      }
      if (at != kNoSlot && seen[at] == open) parents_[path.back()] = kNoSlot;
      for (auto it = path.rbegin(); it != path.rend(); ++it) {
        seen[*it] = done;
        top_down_.push_back(*it);
      }
    }
  }

  // A group without tasks yet is a card itself.
  void find_boxes() {
    const std::size_t count = tasks_.size();
    std::vector<Slot>& loops = graph_.loops;
    std::vector<std::uint32_t>& children = graph_.children;
    loops.assign(count, kNoSlot);
    children.assign(count, 0);
    for (const Slot slot : top_down_) {
      const Slot parent = parents_[slot];
      if (tasks_[slot].removed || parent == kNoSlot) continue;
      ++children[parent];
      loops[slot] = loops[parent];
      if (loops[slot] == kNoSlot && tasks_[parent].kind == TaskKind::loop) loops[slot] = parent;
    }
    graph_.stages.assign(count, 0);
    for (Slot slot = 0; slot < count; ++slot) {
      if (tasks_[slot].removed || parents_[slot] == kNoSlot) continue;
      std::uint32_t& most = graph_.stages[parents_[slot]];
      most = std::max(most, children[slot]);
    }
    graph_.nodes.assign(count, kNoNode);
    for (Slot slot = 0; slot < count; ++slot) {
      const LayoutTask& task = tasks_[slot];
      if (task.removed || loops[slot] != kNoSlot) continue;
      const bool loop = task.kind == TaskKind::loop;
      if (!loop && task.kind != TaskKind::task && children[slot] > 0) continue;
      graph_.nodes[slot] = static_cast<Node>(graph_.slots.size());
      graph_.slots.push_back(slot);
      graph_.boxes.push_back(make_box(slot, task, children[slot], graph_.stages[slot]));
    }
  }

  // Where edges to and from each task begin and end: its box, its loop's, or those of its group's
  // first and last tasks. Groups from the innermost outwards, so that inner ones are known.
  void find_ends() {
    const std::size_t count = tasks_.size();
    std::vector<char> needs_sibling(count, 0);
    std::vector<char> needed_by_sibling(count, 0);
    for (Slot slot = 0; slot < count; ++slot) {
      if (tasks_[slot].removed) continue;
      for (const Slot other : tasks_[slot].depends_on) {
        if (other >= count || tasks_[other].removed || parents_[other] != parents_[slot]) continue;
        needs_sibling[slot] = 1;
        needed_by_sibling[other] = 1;
      }
    }
    first_.resize(count);
    last_.resize(count);
    for (auto it = top_down_.rbegin(); it != top_down_.rend(); ++it) {
      const Slot slot = *it;
      if (tasks_[slot].removed) continue;
      const Slot drawn = graph_.loops[slot] == kNoSlot ? slot : graph_.loops[slot];
      if (const Node node = graph_.nodes[drawn]; node != kNoNode) {
        first_[slot].assign(1, node);
        last_[slot].assign(1, node);
      }
      const Slot parent = parents_[slot];
      if (parent == kNoSlot || drawn != slot || graph_.nodes[parent] != kNoNode) continue;
      if (needs_sibling[slot] == 0) append(first_[parent], first_[slot]);
      if (needed_by_sibling[slot] == 0) append(last_[parent], last_[slot]);
    }
  }

  void append(std::vector<Node>& to, const std::vector<Node>& from) {
    if (ends_ == GroupEnds::one) {
      if (to.empty() && !from.empty()) to.push_back(from.front());
      return;
    }
    work_.add(from.size());
    if (!work_.is_over()) to.insert(to.end(), from.begin(), from.end());
  }

  void connect() {
    graph_.above.resize(graph_.slots.size());
    graph_.below.resize(graph_.slots.size());
    for (Slot slot = 0; slot < tasks_.size() && !work_.is_over(); ++slot) {
      if (tasks_[slot].removed) continue;
      for (const Slot other : tasks_[slot].depends_on) {
        if (other < tasks_.size() && !tasks_[other].removed) join(last_[other], first_[slot]);
      }
    }
    for (std::vector<Node>& nodes : graph_.above) {
      std::sort(nodes.begin(), nodes.end());
      nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    }
  }

  void join(const std::vector<Node>& from, const std::vector<Node>& to) {
    if (from.empty() || to.empty() || work_.is_over()) return;
    if (from.size() * to.size() <= kEdgesPerDependency) {
      for (const Node a : from) {
        for (const Node b : to) join(a, b);
      }
      return;
    }
    for (const Node a : from) join(a, to.front());
    for (const Node b : to) join(from.front(), b);
  }

  void join(Node from, Node to) {
    work_.add(kStepsPerEdge);
    if (from != to) graph_.above[to].push_back(from);
  }

  // Kahn's order. Where a circle is left, its first task goes first, and edges back to it are cut.
  void rank() {
    const Node count = static_cast<Node>(graph_.slots.size());
    std::vector<std::vector<Node>> below(count);
    std::vector<std::size_t> waits(count);
    for (Node node = 0; node < count; ++node) {
      waits[node] = graph_.above[node].size();
      for (const Node other : graph_.above[node]) below[other].push_back(node);
    }
    std::vector<char> placed(count, 0);
    std::vector<std::uint32_t> place(count, 0);
    graph_.rank.assign(count, 0);
    const auto put = [&](Node node) {
      placed[node] = 1;
      place[node] = static_cast<std::uint32_t>(graph_.order.size());
      graph_.order.push_back(node);
    };
    for (Node node = 0; node < count; ++node) {
      if (waits[node] == 0) put(node);
    }
    Node first_left = 0;
    for (std::size_t i = 0; graph_.order.size() < count || i < graph_.order.size(); ++i) {
      if (i == graph_.order.size()) {
        while (placed[first_left] != 0) ++first_left;
        put(first_left);
      }
      for (const Node next : below[graph_.order[i]]) {
        if (placed[next] == 0 && --waits[next] == 0) put(next);
      }
    }
    for (const Node node : graph_.order) {
      std::erase_if(graph_.above[node], [&](Node other) { return place[other] > place[node]; });
      for (const Node other : graph_.above[node]) {
        graph_.rank[node] = std::max(graph_.rank[node], graph_.rank[other] + 1);
      }
    }
    for (Node node = 0; node < count; ++node) {
      for (const Node other : graph_.above[node]) graph_.below[other].push_back(node);
    }
  }

  std::span<const LayoutTask> tasks_;
  Work& work_;
  GroupEnds ends_;
  BoxGraph graph_;
  std::vector<Slot> parents_;
  std::vector<Slot> top_down_;
  std::vector<std::vector<Node>> first_;
  std::vector<std::vector<Node>> last_;
};

}  // namespace

BoxGraph make_box_graph(std::span<const LayoutTask> tasks, Work& work, GroupEnds ends) {
  return Builder(tasks, work, ends).build();
}

Growth grow_box_graph(BoxGraph& graph, std::span<const LayoutTask> tasks, Slot slot) {
  const LayoutTask& task = tasks[slot];
  const auto known = [&](Slot other) { return other < slot && !tasks[other].removed; };
  // A task that names one that comes after it will be told as changed then, and rebuild.
  if (slot != graph.nodes.size() || task.removed) return {Growth::Kind::rebuild};
  Slot loop = kNoSlot;
  if (known(task.parent)) {
    const bool in_loop = graph.loops[task.parent] != kNoSlot;
    if (!in_loop && tasks[task.parent].kind != TaskKind::loop) return {Growth::Kind::rebuild};
    loop = in_loop ? graph.loops[task.parent] : task.parent;
  }
  std::vector<Node> above;
  for (const Slot other : task.depends_on) {
    if (!known(other)) continue;
    const Slot drawn = graph.loops[other] == kNoSlot ? other : graph.loops[other];
    if (drawn == loop) continue;
    const Node node = graph.nodes[drawn];
    if (node == kNoNode) return {Growth::Kind::rebuild};
    above.push_back(node);
  }
  std::sort(above.begin(), above.end());
  above.erase(std::unique(above.begin(), above.end()), above.end());
  if (loop != kNoSlot) {
    const Node node = graph.nodes[loop];
    const std::vector<Node>& has = graph.above[node];
    if (!std::includes(has.begin(), has.end(), above.begin(), above.end()))
      return {Growth::Kind::rebuild};
    graph.nodes.push_back(kNoNode);
    graph.loops.push_back(loop);
    graph.children.push_back(0);
    graph.stages.push_back(0);
    const std::uint32_t children = ++graph.children[task.parent];
    if (const Slot outer = tasks[task.parent].parent; known(outer))
      graph.stages[outer] = std::max(graph.stages[outer], children);
    return {Growth::Kind::item, node};
  }
  const Node node = static_cast<Node>(graph.slots.size());
  graph.slots.push_back(slot);
  graph.above.push_back(std::move(above));
  graph.boxes.push_back(make_box(slot, task, 0, 0));
  graph.nodes.push_back(node);
  graph.loops.push_back(kNoSlot);
  graph.children.push_back(0);
  graph.stages.push_back(0);
  return {Growth::Kind::box, node};
}

}  // namespace telltale::drawing
