#include "drawing/graph_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

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

GraphLayout whole(const std::vector<LayoutTask>& tasks) {
  GraphLayout layout;
  layout.update(tasks, {}, true);
  return layout;
}

// Told one by one from `known` on.
bool tell(GraphLayout& layout, const std::vector<LayoutTask>& tasks, std::size_t known) {
  std::vector<Slot> changed;
  for (std::size_t slot = known; slot < tasks.size(); ++slot)
    changed.push_back(static_cast<Slot>(slot));
  return layout.update(tasks, changed, false);
}

// Of all kinds, in groups and loops.
std::vector<LayoutTask> mixed_tasks(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<LayoutTask> tasks;
  for (std::size_t i = 0; i < count; ++i) {
    LayoutTask next = task({});
    next.name_columns = static_cast<std::uint32_t>(random() % 40);
    for (std::size_t j = random() % 3; i > 0 && j > 0; --j)
      next.depends_on.push_back(static_cast<Slot>(random() % i));
    if (i > 0 && random() % 4 == 0) next.parent = static_cast<Slot>(random() % i);
    if (random() % 4 == 0) next.kind = static_cast<TaskKind>(1 + random() % 3);
    tasks.push_back(next);
  }
  return tasks;
}

TEST(GraphLayout, AChainIsAStraightLine) {
  const std::vector<LayoutTask> tasks = chain_graph(2'000).tasks;
  const GraphLayout layout = whole(tasks);
  for (const LayoutBox& box : layout.boxes()) {
    EXPECT_EQ(box.x + box.width / 2, layout.box(0)->x + layout.box(0)->width / 2);
    EXPECT_EQ(box.y, static_cast<float>(box.slot) * (kCardHeight + kLayerGap));
  }
  for (const LayoutEdge& edge : layout.edges()) {
    for (std::size_t i = 2; i < edge.points.size(); i += 2)
      EXPECT_EQ(edge.points[i], edge.points[0]);
  }
  expect_drawn_well(layout);
}

TEST(GraphLayout, ADiamondIsSymmetric) {
  const GraphLayout layout = whole({task({}), task({0}), task({0}), task({1, 2})});
  EXPECT_EQ(layout.box(1)->y, layout.box(2)->y);
  EXPECT_EQ(layout.box(0)->x, layout.box(3)->x);
  EXPECT_EQ(layout.box(0)->x * 2, layout.box(1)->x + layout.box(2)->x);
  EXPECT_EQ(layout.height(), 3 * kCardHeight + 2 * kLayerGap);
  expect_drawn_well(layout);
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
  const GraphLayout layout = whole(tasks);
  ASSERT_EQ(layout.boxes().size(), 5U);
  EXPECT_TRUE(layout.box(1)->folded);
  EXPECT_EQ(layout.box(3), nullptr);
  EXPECT_EQ(layout.box(4), nullptr);
  std::vector<std::pair<Slot, Slot>> edges;
  for (const LayoutEdge& edge : layout.edges()) edges.emplace_back(edge.from, edge.to);
  EXPECT_EQ(edges, (std::vector<std::pair<Slot, Slot>>{{0, 1}, {1, 5}, {5, 6}, {6, 7}}));
  expect_drawn_well(layout);
}

TEST(GraphLayout, RealPipelinesAreDrawnWell) {
  for (const TestGraph& graph :
       {breast_cancer_graph(), mammography_graph(300), mammography_graph(0), conditions_graph(),
        fan_graph(12), fan_graph(500), ladder_graph(12), layered_graph(200, 10),
        random_graph(1, 40)}) {
    SCOPED_TRACE(graph.names.front() + " of " + std::to_string(graph.tasks.size()));
    expect_drawn_well(whole(graph.tasks));
  }
}

TEST(GraphLayout, HoldsForRandomGraphs) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<LayoutTask> tasks =
        seed % 2 == 0 ? mixed_tasks(seed, 1 + seed % 120)
                      : random_graph(seed, static_cast<int>(1 + seed % 120)).tasks;
    const GraphLayout layout = whole(tasks);
    EXPECT_EQ(layout.boxes(), whole(tasks).boxes());
    EXPECT_EQ(layout.lanes(), whole(tasks).lanes());
    expect_drawn_well(layout);
    GraphLayout again = layout;
    EXPECT_FALSE(again.update(tasks, {}, false));
  }
}

// Tasks become known one after the other, each after what it needs.
TEST(GraphLayout, NewTasksMoveNone) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<LayoutTask> tasks = mixed_tasks(seed, 80);
    // An item that names what its placed loop needs would ask the loop to move; flat tasks do not.
    for (LayoutTask& one : tasks) {
      one.parent = kNoSlot;
      if (one.kind != TaskKind::loop) one.kind = TaskKind::task;
    }
    GraphLayout layout;
    std::map<Slot, LayoutBox> known;
    std::size_t before = 0;
    for (std::size_t size = 1; size <= tasks.size(); size += 1 + random() % 9) {
      const std::vector<LayoutTask> so_far(tasks.begin(),
                                           tasks.begin() + static_cast<std::ptrdiff_t>(size));
      const std::vector<LayoutLane> lanes = layout.lanes();
      tell(layout, so_far, before);
      before = size;
      for (const LayoutBox& box : layout.boxes())
        EXPECT_EQ(known.emplace(box.slot, box).first->second, box);
      for (const LayoutLane& lane : lanes)
        EXPECT_TRUE(std::ranges::find(layout.lanes(), lane) != layout.lanes().end());
      expect_drawn_well(layout);
    }
  }
}

TEST(GraphLayout, TasksToldOneByOneAreTheGraphToldAtOnce) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<LayoutTask> tasks = mixed_tasks(seed, 60);
    BoxGraph grown;
    for (Slot slot = 0; slot < tasks.size(); ++slot) {
      const std::span so_far = std::span(tasks).first(slot + 1);
      Work work;
      const BoxGraph graph = make_box_graph(so_far, work);
      if (grow_box_graph(grown, so_far, slot).kind == Growth::Kind::rebuild) grown = graph;
      EXPECT_EQ(grown.slots, graph.slots);
      EXPECT_EQ(grown.nodes, graph.nodes);
      EXPECT_EQ(grown.above, graph.above);
      EXPECT_EQ(grown.loops, graph.loops);
      EXPECT_EQ(grown.children, graph.children);
      EXPECT_EQ(grown.stages, graph.stages);
    }
  }
}

TEST(GraphLayout, ALoopGrowsIntoItsRoomAndMovesNone) {
  const TestGraph before = mammography_graph(0);
  GraphLayout layout = whole(before.tasks);
  const std::vector<LayoutBox> placed = layout.boxes();
  std::vector<LayoutTask> tasks = before.tasks;
  const auto loop =
      static_cast<Slot>(std::ranges::find(before.names, "train") - before.names.begin());
  EXPECT_TRUE(layout.box(loop)->awaits);
  EXPECT_LT(layout.box(loop)->width, kLoopRoom.width);
  for (int i = 0; i < 300; ++i) {
    tasks.push_back(task({}, loop, TaskKind::iteration));
    tell(layout, tasks, tasks.size() - 1);
  }
  EXPECT_EQ(layout.box(loop)->width, kLoopRoom.width);
  EXPECT_EQ(layout.box(loop)->height, kLoopRoom.height);
  for (const LayoutBox& box : placed) {
    EXPECT_EQ(layout.box(box.slot)->x + layout.box(box.slot)->width / 2, box.x + box.width / 2);
    EXPECT_EQ(layout.box(box.slot)->y, box.y);
    if (box.slot != loop) {
      EXPECT_EQ(*layout.box(box.slot), box);
    }
  }
  expect_drawn_well(layout);
}

TEST(GraphLayout, ALoopAtTheEndGrowsAsFarAsItLikes) {
  std::vector<LayoutTask> tasks = {task({}), task({0}, kNoSlot, TaskKind::loop)};
  GraphLayout layout = whole(tasks);
  for (int i = 0; i < 5'000; ++i) tasks.push_back(task({}, 1, TaskKind::iteration));
  tell(layout, tasks, 2);
  EXPECT_EQ(layout.box(1)->height, loop_size(0, 5'000, 0).height);
  expect_drawn_well(layout);
}

TEST(GraphLayout, ARemovedTaskLeavesAFreePlace) {
  std::vector<LayoutTask> tasks = {task({}), task({0}), task({0}), task({1, 2})};
  GraphLayout layout = whole(tasks);
  const LayoutBox freed = *layout.box(2);
  const LayoutBox last = *layout.box(3);
  tasks[2].removed = true;
  EXPECT_TRUE(layout.update(tasks, std::vector<Slot>{2}, false));
  EXPECT_EQ(layout.box(2), nullptr);
  EXPECT_EQ(*layout.box(3), last);
  tasks.push_back(task({0}));
  tell(layout, tasks, 4);
  EXPECT_EQ(layout.box(4)->x, freed.x);
  EXPECT_EQ(layout.box(4)->y, freed.y);
}

TEST(GraphLayout, CirclesAreCut) {
  const GraphLayout layout =
      whole({task({2}), task({0}), task({1}), task({3, 2}), task({}, 5), task({}, 4)});
  EXPECT_EQ(layout.boxes().size(), 6U);
  expect_drawn_well(layout);
}

TEST(GraphLayout, ATaskThatTurnsOutToComeLaterIsReachedUpwards) {
  std::vector<LayoutTask> tasks = {task({}), task({0}), task({1})};
  GraphLayout layout = whole(tasks);
  tasks.push_back(task({2}));
  tell(layout, tasks, 3);
  tasks[0].depends_on = {};
  tasks[1].depends_on = {0, 3};
  tasks[2].depends_on = {};
  EXPECT_TRUE(layout.update(tasks, std::vector<Slot>{1, 2}, false));
  const LayoutEdge& up = layout.edges()[1];
  EXPECT_EQ(std::pair(up.from, up.to), std::pair(Slot{3}, Slot{1}));
  EXPECT_EQ(up.points.back(), layout.box(1)->y);
}

TEST(GraphLayout, AWideFanOutIsCutInRows) {
  const GraphLayout layout = whole(fan_graph(500).tasks);
  EXPECT_LT(layout.width(), 24 * (260 + kSiblingGap));
  EXPECT_LT(layout.height(), 24 * 80);
}

}  // namespace
}  // namespace telltale::drawing
