// What a drawing may cost, in counted steps: never asserted in time.
#include <gtest/gtest.h>

#include <random>

#include "drawing/edge_routes.h"
#include "drawing/graph_layout.h"
#include "drawing/layout_checks.h"
#include "drawing/test_graphs.h"

namespace telltale::drawing {
namespace {

LayoutTask task(std::vector<Slot> depends_on, Slot parent = kNoSlot,
                TaskKind kind = TaskKind::task) {
  LayoutTask task;
  task.kind = kind;
  task.name_columns = 10;
  task.parent = parent;
  task.depends_on = std::move(depends_on);
  return task;
}

// Each task after the one before and after the first.
std::vector<LayoutTask> chain(Slot count) {
  std::vector<LayoutTask> tasks;
  for (Slot slot = 0; slot < count; ++slot) {
    tasks.push_back(task({}));
    if (slot > 0) tasks.back().depends_on = {slot - 1};
    if (slot > 1) tasks.back().depends_on.push_back(0);
  }
  return tasks;
}

// Each task of a layer after all of the layer before.
std::vector<LayoutTask> dense(Slot layers, Slot width) {
  std::vector<LayoutTask> tasks;
  for (Slot layer = 0; layer < layers; ++layer) {
    for (Slot i = 0; i < width; ++i) {
      tasks.push_back(task({}));
      for (Slot other = 0; layer > 0 && other < width; ++other)
        tasks.back().depends_on.push_back((layer - 1) * width + other);
    }
  }
  return tasks;
}

// So many edges to any earlier tasks.
std::vector<LayoutTask> wide(Slot count, Slot edges) {
  std::mt19937_64 random(1);
  std::vector<LayoutTask> tasks;
  for (Slot slot = 0; slot < count; ++slot) {
    tasks.push_back(task({}));
    for (Slot i = 0; slot > 0 && i < edges / count; ++i)
      tasks.back().depends_on.push_back(static_cast<Slot>(random() % slot));
  }
  return tasks;
}

std::size_t count_edges(const std::vector<LayoutTask>& tasks) {
  std::size_t edges = 0;
  for (const LayoutTask& one : tasks) edges += one.depends_on.size();
  return edges;
}

std::uint64_t spent(const GraphLayout& layout) { return layout.last_steps(); }

GraphLayout whole(const std::vector<LayoutTask>& tasks) {
  GraphLayout layout;
  layout.update(tasks, {}, true);
  return layout;
}

std::size_t count_points(const GraphLayout& layout) {
  std::size_t points = 0;
  for (const LayoutEdge& edge : layout.edges()) points += edge.points.size();
  return points;
}

TEST(LayoutWork, OfAChainGrowsAsTheChainDoes) {
  const GraphLayout small = whole(chain(1'000));
  const GraphLayout large = whole(chain(8'000));
  const GraphLayout largest = whole(chain(10'000));
  EXPECT_FALSE(largest.by_rows());
  EXPECT_LT(spent(large), 9 * spent(small));
  EXPECT_LT(spent(largest), 11 * spent(small));
  EXPECT_LT(count_points(large), 10 * count_points(small));
  expect_boxes_apart(large);
}

// With everything that is never left out, whatever the graph.
TEST(LayoutWork, IsBoundedForEveryGraph) {
  for (const std::vector<LayoutTask>& tasks :
       {dense(12, 20), dense(12, 70), dense(3, 170), dense(2'000, 5), wide(300, 40'000),
        wide(700, 58'000), wide(5'000, 60'000), wide(20'000, 60'000), chain(20'000)}) {
    SCOPED_TRACE(std::to_string(tasks.size()) + " tasks, " + std::to_string(count_edges(tasks)));
    GraphLayout layout = whole(tasks);
    if (layout.by_rows()) layout.draw_rows(tasks);
    EXPECT_EQ(layout.boxes().size(), tasks.size());
    EXPECT_LE(count_points(layout), 4'000'000U);
    EXPECT_TRUE(layout.by_rows() || spent(layout) <= GraphLayout::kCreditMost);
    expect_boxes_apart(layout);
    // Whatever is cut short is cut at the same place.
    EXPECT_EQ(spent(whole(tasks)), spent(layout));
    if (!layout.by_rows()) {
      EXPECT_EQ(whole(tasks).boxes(), layout.boxes());
      EXPECT_EQ(whole(tasks).lanes(), layout.lanes());
    }
  }
}

// Its edges alone would take what a loop may be held for.
TEST(LayoutWork, AGraphOfTooManyEdgesIsDrawnByRowsAtOnce) {
  for (const std::vector<LayoutTask>& tasks : {wide(10'000, 50'000), dense(12, 65)}) {
    const GraphLayout layout = whole(tasks);
    EXPECT_TRUE(layout.by_rows());
    EXPECT_FALSE(layout.is_drawn());
    EXPECT_TRUE(whole(tasks).by_rows());
  }
  EXPECT_FALSE(whole(wide(10'000, 20'000)).by_rows());
}

// What people have is never cut short: a tenth of the most is left to it.
TEST(LayoutWork, ThousandsOfTasksAreLaidOutWhole) {
  for (const TestGraph& graph :
       {random_graph(1, 2'000), layered_graph(2'000, 10), layered_graph(2'000, 100),
        layered_graph(500, 100), fan_graph(2'000), ladder_graph(600), mammography_graph(5'000),
        random_graph(2, 10'000), layered_graph(10'000, 100), chain_graph(10'000)}) {
    SCOPED_TRACE(graph.names.front() + " of " + std::to_string(graph.tasks.size()));
    const GraphLayout layout = whole(graph.tasks);
    EXPECT_FALSE(layout.by_rows());
    EXPECT_LT(spent(layout), GraphLayout::kCreditMost / 10 * 9);
    expect_boxes_apart(layout);
  }
}

// Groups in groups, each with a task: the first tasks of each are those of all within it.
TEST(LayoutWork, DeepGroupsAreDrawnByRows) {
  std::vector<LayoutTask> tasks;
  for (Slot i = 0; i < 9'000; ++i) {
    tasks.push_back(task({}, i == 0 ? kNoSlot : 2 * i - 2, TaskKind::group));
    tasks.push_back(task({}, 2 * i));
  }
  tasks.push_back(task({0}));
  GraphLayout layout = whole(tasks);
  ASSERT_TRUE(layout.by_rows());
  EXPECT_FALSE(layout.is_drawn());
  layout.draw_rows(tasks);
  EXPECT_TRUE(layout.is_drawn());
  EXPECT_EQ(layout.boxes().size(), 9'001U);
  EXPECT_EQ(layout.edges().size(), 1U);
  expect_boxes_apart(layout);
}

TEST(LayoutWork, ManyNamesOfOneGroupAreOneEdgeEach) {
  std::vector<LayoutTask> tasks = {task({}, kNoSlot, TaskKind::group),
                                   task({}, kNoSlot, TaskKind::group)};
  for (Slot i = 0; i < 60; ++i) tasks.push_back(task({}, i % 2));
  tasks[1].depends_on.assign(60'000, 0);
  GraphLayout layout = whole(tasks);
  ASSERT_TRUE(layout.by_rows());
  layout.draw_rows(tasks);
  EXPECT_EQ(layout.edges().size(), 1U);
}

// Small changes to a large graph, each of which would lay the whole of it out again.
TEST(LayoutWork, SmallChangesHaveACreditThatEnds) {
  std::vector<LayoutTask> tasks = wide(1'600, 20'000);
  GraphLayout layout = whole(tasks);
  ASSERT_FALSE(layout.by_rows());
  std::size_t changes = 0;
  for (; changes < 1'000 && !layout.by_rows(); ++changes) {
    const Slot slot = static_cast<Slot>(100 + changes);
    tasks[slot].depends_on.pop_back();
    layout.update(tasks, std::vector<Slot>{slot}, false);
  }
  EXPECT_LT(changes, 200U);
  ASSERT_TRUE(layout.by_rows());
  const std::uint64_t left = layout.credit();
  EXPECT_TRUE(layout.update({}, {}, false));
  EXPECT_EQ(layout.credit(), left);
}

// A run of 2,000 tasks in a group, told one by one, is placed to its end.
TEST(LayoutWork, TasksOfAGroupToldOneByOneArePlaced) {
  std::vector<LayoutTask> tasks = {task({}), task({0}, kNoSlot, TaskKind::group)};
  GraphLayout layout = whole(tasks);
  for (Slot slot = 2; slot < 2'000; ++slot) {
    tasks.push_back(task(slot > 2 ? std::vector<Slot>{slot - 1} : std::vector<Slot>{}, 1));
    layout.update(tasks, std::vector<Slot>{slot}, false);
  }
  EXPECT_FALSE(layout.by_rows());
  EXPECT_EQ(layout.boxes().size(), 1'999U);
  expect_boxes_apart(layout);
}

TEST(LayoutWork, AGraphToldInPartsIsLaidOutAsAWhole) {
  const std::vector<LayoutTask> tasks = chain_graph(8'000).tasks;
  GraphLayout layout;
  for (std::size_t size = 500; size <= tasks.size(); size += 500) {
    std::vector<Slot> changed;
    for (std::size_t slot = size - 500; slot < size; ++slot)
      changed.push_back(static_cast<Slot>(slot));
    layout.update(std::span(tasks).first(size), changed, true);
  }
  ASSERT_FALSE(layout.by_rows());
  EXPECT_EQ(layout.boxes(), whole(tasks).boxes());
}

TEST(LayoutWork, ByRowsEveryEdgeIsOneCurve) {
  std::vector<LayoutTask> tasks = {task({}), task({0}), task({0, 1}), task({})};
  GraphLayout layout;
  layout.restore_rows(0);
  layout.draw_rows(tasks);
  ASSERT_EQ(layout.boxes().size(), 4U);
  EXPECT_LT(layout.box(0)->y, layout.box(1)->y);
  EXPECT_LT(layout.box(1)->y, layout.box(2)->y);
  EXPECT_LT(layout.box(2)->y, layout.box(3)->y);  // without an edge: below all others
  ASSERT_EQ(layout.edges().size(), 3U);
  for (const LayoutEdge& edge : layout.edges()) {
    ASSERT_EQ(edge.points.size(), 8U);
    EXPECT_EQ(edge.points[1], layout.box(edge.from)->y + layout.box(edge.from)->height);
    EXPECT_EQ(edge.points[7], layout.box(edge.to)->y);
  }
}

TEST(LayoutWork, WhatNoLayoutCanHaveIsNotRestored) {
  const std::vector<LayoutTask> tasks = ladder_graph(3).tasks;
  const GraphLayout layout = whole(tasks);
  ASSERT_FALSE(layout.lanes().empty());
  const auto restores = [&](auto change, std::uint64_t credit = 1) {
    std::vector<LayoutBox> boxes = layout.boxes();
    std::vector<LayoutLane> lanes = layout.lanes();
    change(boxes, lanes);
    return GraphLayout().restore(tasks, boxes, lanes, credit);
  };
  using Boxes = std::vector<LayoutBox>&;
  using Lanes = std::vector<LayoutLane>&;
  constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinite = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(restores([](Boxes, Lanes) {}));
  EXPECT_FALSE(restores([](Boxes, Lanes) {}, GraphLayout::kCreditMost + 1));
  for (const float wrong : {kNoNumber, kInfinite, -kInfinite, -1.0F, 1e30F}) {
    EXPECT_FALSE(restores([&](Boxes boxes, Lanes) { boxes[1].x = wrong; }));
    EXPECT_FALSE(restores([&](Boxes boxes, Lanes) { boxes[1].y = wrong; }));
    EXPECT_FALSE(restores([&](Boxes boxes, Lanes) { boxes[1].width = wrong; }));
    EXPECT_FALSE(restores([&](Boxes boxes, Lanes) { boxes[1].height = wrong; }));
    EXPECT_FALSE(restores([&](Boxes, Lanes lanes) { lanes[0].steps[0].x = wrong; }));
    EXPECT_FALSE(restores([&](Boxes, Lanes lanes) { lanes[0].steps[0].y = wrong; }));
  }
  EXPECT_FALSE(restores([](Boxes boxes, Lanes) { boxes.pop_back(); }));
  EXPECT_FALSE(restores([](Boxes boxes, Lanes) { boxes[2] = boxes[1]; }));
  EXPECT_FALSE(restores([](Boxes boxes, Lanes) { boxes[2].x = boxes[1].x; }));
  EXPECT_FALSE(restores([](Boxes boxes, Lanes) { std::swap(boxes[0], boxes[1]); }));
  EXPECT_FALSE(restores([](Boxes, Lanes lanes) { lanes[0].steps.clear(); }));
  EXPECT_FALSE(restores([](Boxes, Lanes lanes) { lanes[0].to = kNoSlot; }));
  EXPECT_FALSE(restores([](Boxes, Lanes lanes) { lanes.push_back(lanes.front()); }));
  // Beyond the box that it leads to.
  EXPECT_FALSE(restores([](Boxes, Lanes lanes) { lanes[0].steps[0].y = 100'000; }));
}

}  // namespace
}  // namespace telltale::drawing
