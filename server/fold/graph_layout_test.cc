#include "fold/graph_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "fold/box_graph.h"

namespace telltale::fold {
namespace {

LayoutTask task(std::vector<Slot> depends_on, Slot parent = kNoSlot,
                TaskKind kind = TaskKind::task) {
  LayoutTask task;
  task.kind = kind;
  task.name_length = 10;
  task.parent = parent;
  task.depends_on = std::move(depends_on);
  return task;
}

void expect_no_overlaps(const GraphLayout& layout) {
  std::vector<LayoutBox> boxes = layout.boxes();
  std::sort(boxes.begin(), boxes.end(),
            [](const LayoutBox& a, const LayoutBox& b) { return a.y < b.y; });
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_GE(boxes[i].x, 0);
    EXPECT_GE(boxes[i].y, 0);
    for (std::size_t j = i + 1; j < boxes.size() && boxes[j].y < boxes[i].y + boxes[i].height;
         ++j) {
      const bool apart = boxes[i].x + boxes[i].width + kSiblingGap <= boxes[j].x ||
                         boxes[j].x + boxes[j].width + kSiblingGap <= boxes[i].x;
      EXPECT_TRUE(apart) << "boxes " << boxes[i].slot << " and " << boxes[j].slot;
    }
  }
}

// Each edge starts under its box, never goes up, and ends on top of its other box.
void expect_edges_flow_down(const GraphLayout& layout, const std::vector<LayoutTask>& tasks) {
  for (const LayoutEdge& edge : layout.edges(tasks)) {
    SCOPED_TRACE(std::to_string(edge.from) + " -> " + std::to_string(edge.to));
    const LayoutBox* from = layout.box(edge.from);
    const LayoutBox* to = layout.box(edge.to);
    ASSERT_TRUE(from != nullptr && to != nullptr);
    const std::vector<float>& points = edge.points;
    ASSERT_GE(points.size(), 8U);
    ASSERT_EQ((points.size() - 2) % 6, 0U);
    EXPECT_EQ(points[1], from->y + from->height);
    EXPECT_EQ(points.back(), to->y);
    for (std::size_t i = 3; i < points.size(); i += 2) EXPECT_GE(points[i], points[i - 2]);
    EXPECT_GE(to->y, from->y + from->height + kLayerGap);
  }
}

std::vector<LayoutTask> random_tasks(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<LayoutTask> tasks;
  for (std::size_t i = 0; i < count; ++i) {
    LayoutTask next = task({});
    next.name_length = static_cast<std::uint32_t>(random() % 40);
    for (std::size_t j = random() % 3; i > 0 && j > 0; --j)
      next.depends_on.push_back(static_cast<Slot>(random() % i));
    if (i > 0 && random() % 4 == 0) next.parent = static_cast<Slot>(random() % i);
    if (random() % 4 == 0) next.kind = static_cast<TaskKind>(1 + random() % 3);
    tasks.push_back(next);
  }
  return tasks;
}

TEST(GraphLayout, AChainIsAStraightLine) {
  std::vector<LayoutTask> tasks = {task({})};
  for (Slot i = 1; i < 2'000; ++i) tasks.push_back(task({i - 1}));
  GraphLayout layout;
  EXPECT_TRUE(layout.update(tasks, false));
  for (const LayoutBox& box : layout.boxes()) {
    EXPECT_EQ(box.x, 0);
    EXPECT_EQ(box.y, static_cast<float>(box.slot) * (kCardHeight + kLayerGap));
  }
  expect_edges_flow_down(layout, tasks);
}

TEST(GraphLayout, ADiamondIsSymmetric) {
  const std::vector<LayoutTask> tasks = {task({}), task({0}), task({0}), task({1, 2})};
  GraphLayout layout;
  layout.update(tasks, false);
  EXPECT_EQ(layout.box(1)->y, layout.box(2)->y);
  EXPECT_EQ(layout.box(0)->x, layout.box(3)->x);
  EXPECT_EQ(layout.box(0)->x * 2, layout.box(1)->x + layout.box(2)->x);
  EXPECT_EQ(layout.height(), 3 * kCardHeight + 2 * kLayerGap);
}

TEST(GraphLayout, ALoopIsOneBoxAndAGroupIsNone) {
  const std::vector<LayoutTask> tasks = {
      task({}),                             // 0 load
      task({0}, kNoSlot, TaskKind::loop),   // 1 the loop
      task({}, 1, TaskKind::iteration),     // 2
      task({0}, 2),                         // 3 train, inside
      task({1}, kNoSlot, TaskKind::group),  // 4 a condition
      task({}, 4),                          // 5 its first
      task({5}, 4),                         // 6 its last
      task({4}),                            // 7 after the condition
  };
  GraphLayout layout;
  layout.update(tasks, false);
  ASSERT_EQ(layout.boxes().size(), 5U);
  EXPECT_TRUE(layout.box(1)->folded);
  EXPECT_EQ(layout.box(3), nullptr);
  EXPECT_EQ(layout.box(4), nullptr);
  std::vector<std::pair<Slot, Slot>> edges;
  for (const LayoutEdge& edge : layout.edges(tasks)) edges.emplace_back(edge.from, edge.to);
  EXPECT_EQ(edges, (std::vector<std::pair<Slot, Slot>>{{0, 1}, {1, 5}, {5, 6}, {6, 7}}));
  expect_edges_flow_down(layout, tasks);
}

TEST(GraphLayout, EdgesPassBesideBoxes) {
  // 0 -> 1 -> 2 and 0 -> 2: the long edge must go around 1.
  const std::vector<LayoutTask> tasks = {task({}), task({0}), task({1, 0})};
  GraphLayout layout;
  layout.update(tasks, false);
  const LayoutBox& middle = *layout.box(1);
  bool beside = false;
  for (const LayoutEdge& edge : layout.edges(tasks)) {
    if (edge.from != 0 || edge.to != 2) continue;
    for (std::size_t i = 0; i + 1 < edge.points.size(); i += 6) {
      if (edge.points[i + 1] < middle.y || edge.points[i + 1] > middle.y + middle.height) continue;
      beside = edge.points[i] <= middle.x || edge.points[i] >= middle.x + middle.width;
      EXPECT_TRUE(beside);
    }
  }
  EXPECT_TRUE(beside);
}

TEST(GraphLayout, HoldsForRandomGraphs) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<LayoutTask> tasks = random_tasks(seed, 1 + seed % 120);
    GraphLayout layout;
    layout.update(tasks, false);
    GraphLayout again;
    again.update(tasks, true);
    EXPECT_EQ(layout.boxes(), again.boxes());
    expect_no_overlaps(layout);
    expect_edges_flow_down(layout, tasks);
    EXPECT_FALSE(layout.update(tasks, false));
  }
}

// Tasks become known one after the other, each after what it needs.
TEST(GraphLayout, NewTasksMoveNoneAndFlowDown) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<LayoutTask> tasks = random_tasks(seed, 80);
    // An item that names what its placed loop needs would ask the loop to move; flat tasks do not.
    for (LayoutTask& one : tasks) {
      one.parent = kNoSlot;
      if (one.kind != TaskKind::loop) one.kind = TaskKind::task;
    }
    GraphLayout layout;
    std::map<Slot, LayoutBox> known;
    for (std::size_t size = 1; size <= tasks.size(); size += 1 + random() % 9) {
      const std::vector<LayoutTask> so_far(tasks.begin(),
                                           tasks.begin() + static_cast<std::ptrdiff_t>(size));
      layout.update(so_far, false);
      for (const LayoutBox& box : layout.boxes()) {
        const auto [before, added] = known.emplace(box.slot, box);
        EXPECT_EQ(before->second, box);
      }
      expect_no_overlaps(layout);
      expect_edges_flow_down(layout, so_far);
    }
  }
}

TEST(GraphLayout, ARemovedTaskLeavesAFreePlace) {
  std::vector<LayoutTask> tasks = {task({}), task({0}), task({0}), task({1, 2})};
  GraphLayout layout;
  layout.update(tasks, false);
  const LayoutBox freed = *layout.box(2);
  const LayoutBox last = *layout.box(3);
  tasks[2].removed = true;
  EXPECT_TRUE(layout.update(tasks, false));
  EXPECT_EQ(layout.box(2), nullptr);
  EXPECT_EQ(*layout.box(3), last);
  tasks.push_back(task({0}));
  layout.update(tasks, false);
  EXPECT_EQ(layout.box(4)->x, freed.x);
  EXPECT_EQ(layout.box(4)->y, freed.y);
}

TEST(GraphLayout, CirclesAreCut) {
  const std::vector<LayoutTask> tasks = {task({2}),    task({0}),   task({1}),
                                         task({3, 2}), task({}, 5), task({}, 4)};
  GraphLayout layout;
  layout.update(tasks, false);
  EXPECT_EQ(layout.boxes().size(), 6U);
  expect_no_overlaps(layout);
  expect_edges_flow_down(layout, tasks);
}

TEST(GraphLayout, AWideFanOutIsCutInRows) {
  std::vector<LayoutTask> tasks = {task({})};
  for (int i = 0; i < 500; ++i) tasks.push_back(task({0}));
  GraphLayout layout;
  layout.update(tasks, false);
  EXPECT_LT(layout.width(), 24 * (260 + kSiblingGap));
  expect_no_overlaps(layout);
  expect_edges_flow_down(layout, tasks);
}

}  // namespace
}  // namespace telltale::fold
