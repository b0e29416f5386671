#include "fold/run_view.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fold/test_events.h"
#include "fold/view_encoder.h"

namespace telltale::fold {
namespace {

using testing::ElementsAre;

std::vector<std::string> paths(const std::vector<const Task*>& tasks) {
  std::vector<std::string> paths;
  for (const Task* task : tasks) paths.push_back(task->path);
  return paths;
}

TEST(RunView, AnyEventCreatesARunningRun) {
  RunView view(test_key());
  EXPECT_TRUE(view.empty());
  EXPECT_TRUE(view.apply(LogOffset{7}, event_of(R"({"heartbeat":{},"observed_at_us":"5"})")));
  EXPECT_FALSE(view.empty());
  EXPECT_EQ(view.position(), LogOffset{7});
  EXPECT_EQ(view.header().state, State::running);
  EXPECT_EQ(view.header().created_at_us, 5);
  EXPECT_EQ(view.header().last_event_at_us, 5);
}

TEST(RunView, WhatKeepsComingIsNoTurn) {
  RunView view(test_key());
  const auto at = [&](std::uint64_t offset, const std::string& json) {
    EXPECT_TRUE(view.apply(LogOffset{offset}, event_of(json)));
    return view.turned_at();
  };
  const std::string log = R"({"log_bytes":{"path":"a","data":"YQ==","offset":"%"}})";
  const auto log_at = [&](char offset) {
    std::string json = log;
    json[json.find('%')] = offset;
    return json;
  };
  const std::string point =
      R"({"metric_points":{"path":"a","name":"loss","step":["1"],"value":[1]}})";
  EXPECT_EQ(at(1, R"({"task_state":{"path":"a","state":"RUNNING","version":"1"}})"), LogOffset{1});
  EXPECT_EQ(at(2, log_at('0')), LogOffset{1});
  EXPECT_EQ(at(3, point), LogOffset{3}) << "a series that was not there before";
  EXPECT_EQ(at(4, point), LogOffset{3});
  EXPECT_EQ(at(5, R"({"progress":{"path":"a","done":1,"total":2}})"), LogOffset{3});
  EXPECT_EQ(at(6, R"({"progress":{"path":"b","done":1,"total":2}})"), LogOffset{6}) << "a new task";
  EXPECT_EQ(at(7, log_at('1')), LogOffset{6});
  EXPECT_EQ(at(8, R"({"task_state":{"path":"a","state":"FAILED","version":"2"}})"), LogOffset{8});
}

TEST(RunView, AnOffsetSeenBeforeIsIgnored) {
  RunView view(test_key());
  const auto loss = event_of(R"({"loss":{"points":"1"}})");
  EXPECT_TRUE(view.apply(LogOffset{0}, loss));
  EXPECT_FALSE(view.apply(LogOffset{0}, loss));
  EXPECT_TRUE(view.apply(LogOffset{9}, loss));
  EXPECT_FALSE(view.apply(LogOffset{8}, loss));
  EXPECT_EQ(view.header().lost.points, 2U);
}

TEST(RunView, AnEpochIsAppliedOnceAndInOrder) {
  const RunView view = fold_json({
      R"({"epoch":"a","sequence":"1","metric_points":{"name":"x","value":[1]}})",
      R"({"epoch":"a","sequence":"2","metric_points":{"name":"x","value":[2]}})",
      R"({"epoch":"a","sequence":"1","metric_points":{"name":"x","value":[1]}})",
      R"({"epoch":"b","sequence":"1","metric_points":{"name":"x","value":[3]}})",
      R"({"epoch":"a","sequence":"2","task_state":{"path":"t","state":"FAILED"}})",
  });
  EXPECT_THAT(view.series().front().points.value(), ElementsAre(1, 2, 3));
  EXPECT_TRUE(view.tasks().empty());
}

TEST(RunView, IdsAreRememberedForAWindow) {
  RunView view(test_key());
  std::uint64_t offset = 0;
  const auto point = [&](const std::string& id) {
    schema::Event event = event_of(R"({"metric_points":{"name":"x","value":[1]}})");
    event.set_id(id);
    return view.apply(LogOffset{offset++}, event);
  };
  EXPECT_TRUE(point("first"));
  EXPECT_FALSE(point("first"));
  for (int i = 0; i < 4'095; ++i) EXPECT_TRUE(point(std::to_string(i)));
  EXPECT_FALSE(point("first"));
  EXPECT_TRUE(point("one more"));
  EXPECT_TRUE(point("first"));
}

TEST(RunView, AnOlderVersionNeverOverwrites) {
  const RunView view = fold_json({
      R"({"task_state":{"path":"t","state":"RUNNING","version":"5"}})",
      R"({"task_state":{"path":"t","state":"PENDING","version":"4"}})",
      R"({"task_state":{"path":"t","state":"PENDING","version":"5"}})",
      R"({"run_state":{"state":"SUCCEEDED","version":"3"}})",
      R"({"run_state":{"state":"RUNNING","version":"2"}})",
      R"({"graph":{"version":"2","tasks":[{"path":"t","name":"two"}]}})",
      R"({"graph":{"version":"1","tasks":[{"path":"t","name":"one"}],"removed":["t"]}})",
  });
  EXPECT_EQ(view.task_by_path("t")->state, State::running);
  EXPECT_EQ(view.header().state, State::succeeded);
  EXPECT_EQ(view.task_by_path("t")->name, "two");
  EXPECT_FALSE(view.task_by_path("t")->removed);
}

TEST(RunView, WithoutAVersionTheLastWordCounts) {
  const RunView view = fold_json({
      R"({"task_state":{"path":"t","state":"RUNNING","message":"epoch 1"},"happened_at_us":"10"})",
      R"({"task_state":{"path":"t","state":"FAILED","message":"no memory"},
          "happened_at_us":"20"})",
      R"({"task_state":{"path":"t","state":"RUNNING"},"happened_at_us":"30"})",
  });
  const Task& task = *view.task_by_path("t");
  EXPECT_EQ(task.state, State::running);
  EXPECT_EQ(task.message, "");
  EXPECT_EQ(task.started_at_us, 10);
  EXPECT_EQ(task.finished_at_us, 0);
}

TEST(RunView, TasksAreKnownByMention) {
  const RunView view = fold_json({
      R"({"log_bytes":{"path":"a%2Fb","data":"aGk="}})",
      R"({"graph":{"tasks":[{"path":"loop","kind":"LOOP"}]}})",
      R"({"metric_points":{"path":"loop/0","name":"x","value":[1]}})",
      R"({"progress":{"path":"other/0","done":1}})",
  });
  EXPECT_THAT(paths(view.tasks()), ElementsAre("a%2Fb", "loop", "loop/0", "other/0"));
  EXPECT_EQ(view.task_by_path("a%2Fb")->name, "a/b");
  EXPECT_EQ(view.task_by_path("loop/0")->parent, "loop");
  EXPECT_EQ(view.task_by_path("loop/0")->parent_id, make_task_id("loop"));
  EXPECT_EQ(view.task_by_path("other/0")->parent, "");
  EXPECT_EQ(view.task_by_path("other/0")->state, State::running);
}

TEST(RunView, ARemovedTaskLeavesATombstoneUntilAGraphNamesItAgain) {
  RunView view = fold_json({
      R"({"graph":{"tasks":[{"path":"a"},{"path":"b"}]}})",
      R"({"log_bytes":{"path":"a","data":"aGk="}})",
      R"({"graph":{"removed":["a","nobody"]}})",
  });
  EXPECT_THAT(paths(view.tasks()), ElementsAre("b"));
  EXPECT_THAT(view.removed_since(LogOffset{1}), ElementsAre(make_task_id("a")));
  EXPECT_THAT(view.removed_since(LogOffset{2}), ElementsAre());
  EXPECT_EQ(view.layout().boxes().size(), 1U);
  // What comes late is kept, and does not bring it back.
  view.apply(LogOffset{3}, event_of(R"({"task_state":{"path":"a","state":"FAILED"}})"));
  EXPECT_THAT(paths(view.tasks()), ElementsAre("b"));
  EXPECT_EQ(view.summary().first_failed, nullptr);
  view.apply(LogOffset{4}, event_of(R"({"graph":{"tasks":[{"path":"a"}]}})"));
  EXPECT_THAT(paths(view.tasks()), ElementsAre("a", "b"));
  EXPECT_THAT(paths(view.tasks_changed_since(LogOffset{3})), ElementsAre("a"));
  EXPECT_THAT(view.removed_since(LogOffset{0}), ElementsAre());
  EXPECT_EQ(view.task_by_path("a")->log(1)->size(), 2U);
  EXPECT_EQ(view.summary().first_failed, view.task_by_path("a"));
}

TEST(RunView, ChangedSinceNamesWhatChanged) {
  RunView view = fold_json({
      R"({"graph":{"tasks":[{"path":"a"},{"path":"b"},{"path":"c"}]}})",
      R"({"task_state":{"path":"c","state":"RUNNING"}})",
      R"({"task_state":{"path":"a","state":"RUNNING"}})",
      R"({"metric_points":{"path":"b","name":"x","value":[1]}})",
      R"({"artifact":{"path":"b","name":"model"}})",
  });
  EXPECT_THAT(paths(view.tasks_changed_since(LogOffset{0})), ElementsAre("a", "c"));
  EXPECT_THAT(paths(view.tasks_changed_since(LogOffset{1})), ElementsAre("a"));
  EXPECT_EQ(view.series_changed_since(LogOffset{2}).size(), 1U);
  EXPECT_EQ(view.series_changed_since(LogOffset{3}).size(), 0U);
  EXPECT_EQ(view.artifacts_changed_since(LogOffset{3}).size(), 1U);
  // The same artifact again is no change.
  EXPECT_FALSE(view.apply(LogOffset{5}, event_of(R"({"artifact":{"path":"b","name":"model"}})")));
  EXPECT_EQ(view.artifacts_changed_since(LogOffset{4}).size(), 0U);
  EXPECT_EQ(view.changed_at(), LogOffset{4});
  EXPECT_EQ(view.position(), LogOffset{5});
}

TEST(RunView, PointsOfAnyShapeAreTaken) {
  const RunView view = fold_json({
      R"({"metric_points":{"name":"x","step":["5","6","7"],"value":[1,"NaN"]}})",
      R"({"metric_points":{"name":"x","value":["Infinity",-1]},"happened_at_us":"9"})",
      R"({"metric_points":{"name":"x","step":["1"],"time_us":["4","5"],"value":[8,9]}})",
      R"({"metric_points":{"name":"empty"}})",
  });
  ASSERT_EQ(view.series().size(), 1U);
  const MetricSeries& points = view.series().front().points;
  EXPECT_THAT(points.step(), ElementsAre(5, 6, 7, 8, 1));
  EXPECT_THAT(points.time_us(), ElementsAre(0, 0, 9, 9, 4));
  EXPECT_EQ(points.min(), -1);
  EXPECT_EQ(points.max(), 8);
}

TEST(RunView, SummaryCountsTasksAndFindsTheFirstFailure) {
  const RunView view = fold_json({
      R"({"graph":{"tasks":[{"path":"l","kind":"LOOP"},
          {"path":"l/0","kind":"ITERATION","parent":"l"},
          {"path":"a"},{"path":"b"},{"path":"c"},{"path":"d"}]}})",
      R"({"task_state":{"path":"l","state":"FAILED","finished_at_us":"1"}})",
      R"({"task_state":{"path":"b","state":"FAILED","finished_at_us":"30","message":"2nd"}})",
      R"({"task_state":{"path":"a","state":"FAILED","finished_at_us":"20","message":"first"}})",
      R"({"task_state":{"path":"c","state":"RUNNING"}})",
      R"({"run_state":{"state":"FAILED","message":"a task failed"}})",
  });
  const Summary summary = view.summary();
  EXPECT_EQ(summary.counts[static_cast<std::size_t>(State::failed)], 2U);
  EXPECT_EQ(summary.counts[static_cast<std::size_t>(State::running)], 1U);
  EXPECT_EQ(summary.counts[static_cast<std::size_t>(State::pending)], 1U);
  EXPECT_EQ(summary.progress, 0.5);
  EXPECT_EQ(summary.first_failed->path, "a");
  EXPECT_EQ(summary.failure, "first");
  EXPECT_EQ(view.task_by_path("c")->state, State::running);  // the end of the run is not its end
}

TEST(RunView, MainMetricIsTheNewestOfTheTaskThatStartedLast) {
  RunView view = fold_json({
      R"({"metric_points":{"name":"of the run","value":[1]}})",
      R"({"task_state":{"path":"a","state":"RUNNING","started_at_us":"10"}})",
      R"({"task_state":{"path":"b","state":"RUNNING","started_at_us":"20"}})",
      R"({"metric_points":{"path":"b","name":"loss","value":[1]}})",
      R"({"metric_points":{"path":"b","name":"auc","value":[2]}})",
      R"({"metric_points":{"path":"a","name":"rows","value":[3]}})",
  });
  EXPECT_EQ(view.summary().main_metric->name, "auc");
  view.apply(LogOffset{6},
             event_of(R"({"task_state":{"path":"a","state":"RUNNING","started_at_us":"30"}})"));
  EXPECT_EQ(view.summary().main_metric->name, "rows");
  view.apply(LogOffset{7},
             event_of(R"({"task_state":{"path":"a","state":"RUNNING","started_at_us":"5"}})"));
  EXPECT_EQ(view.summary().main_metric->name, "auc");
}

TEST(RunView, NewAttemptsHaveTheirOwnLogAndProgress) {
  const RunView view = fold_json({
      R"({"task_state":{"path":"t","state":"RUNNING","attempt":1,"attempts_max":3}})",
      R"({"log_bytes":{"path":"t","data":"b25l"}})",
      R"({"progress":{"path":"t","done":5,"total":10}})",
      R"({"task_state":{"path":"t","state":"RUNNING","attempt":2}})",
      R"({"log_bytes":{"path":"t","attempt":2,"data":"dHdvdHdv"}})",
  });
  const Task& task = *view.task_by_path("t");
  EXPECT_EQ(task.newest_attempt(), 2);
  EXPECT_EQ(task.log(1)->read(0, 9).data, "one");
  EXPECT_EQ(task.log(2)->read(0, 9).data, "twotwo");
  EXPECT_FALSE(task.progress.has_value());
  EXPECT_EQ(encode_task(task).log_bytes(), 6U);
  EXPECT_EQ(encode_log(task, 0, 3, 2).data(), "tw");
  EXPECT_EQ(encode_log(task, 1, 0, 9).data(), "one");
  EXPECT_EQ(encode_log(task, 3, 0, 9).size(), 0U);
}

TEST(RunView, NamesOfAnyLengthAreData) {
  RunView view(test_key());
  schema::Event event;
  const std::string longest(100'000, '/');
  event.mutable_log_bytes()->set_path(longest);
  event.mutable_log_bytes()->set_data("x");
  EXPECT_TRUE(view.apply(LogOffset{0}, event));
  event.Clear();
  event.mutable_graph()->add_tasks()->set_path(std::string(100'000, 'x'));
  event.mutable_graph()->mutable_tasks(0)->set_name("훈련 🚂");
  EXPECT_TRUE(view.apply(LogOffset{1}, event));
  EXPECT_EQ(view.tasks().size(), 2U);
  EXPECT_LE(view.layout().width(), 600);
  EXPECT_EQ(*encode(decode(*encode(view)).value()), *encode(view));
}

TEST(RunView, NoShapeOfEventBreaksIt) {
  const RunView view = fold_json({
      "{}",
      R"({"task_state":{"path":"","state":"RUNNING"}})",
      R"({"task_state":{"path":"t","state":77}})",
      R"({"log_bytes":{"path":"t","attempt":-4,"offset":"18446744073709551615","data":"aGk="}})",
      R"({"graph":{"tasks":[{"path":"p","parent":"p","depends_on":["p","q"]},{"path":""},
          {"path":"q","parent":"r","kind":9},{"path":"r","parent":"q","depends_on":["gone"]}]}})",
      R"({"loss":{"points":"18446744073709551615"}})",
      R"({"loss":{"points":"18446744073709551615","reason":"again"}})",
      R"({"progress":{"done":"NaN","total":"-Infinity"}})",
  });
  EXPECT_EQ(view.task_by_path("t")->state, State::unknown);
  EXPECT_EQ(view.header().lost.points, UINT64_MAX);
  EXPECT_EQ(view.tasks().size(), 4U);
  EXPECT_EQ(encode_run(view).tasks_size(), 4);
}

TEST(RunView, TheFirstGraphIsLaidOutAsAWholeAndThenNothingMoves) {
  RunView view = fold_json({
      R"({"task_state":{"path":"b","state":"RUNNING"}})",
      R"({"graph":{"tasks":[{"path":"a"},{"path":"b","depends_on":["a"]}]}})",
  });
  const drawing::LayoutBox a = *view.layout().box(view.task_by_path("a")->slot);
  const drawing::LayoutBox b = *view.layout().box(view.task_by_path("b")->slot);
  EXPECT_LT(a.y, b.y);
  view.apply(LogOffset{2}, event_of(R"({"task_state":{"path":"a","state":"RUNNING"}})"));
  EXPECT_EQ(view.layout_changed_at(), LogOffset{1});
  view.apply(LogOffset{3}, event_of(R"({"graph":{"tasks":[{"path":"c","depends_on":["a"]}]}})"));
  EXPECT_EQ(*view.layout().box(view.task_by_path("a")->slot), a);
  EXPECT_EQ(*view.layout().box(view.task_by_path("b")->slot), b);
  EXPECT_EQ(view.layout().box(view.task_by_path("c")->slot)->y, b.y);
  EXPECT_EQ(view.layout_changed_at(), LogOffset{3});
}

TEST(RunView, AGraphToldInPartsIsOneDrawing) {
  const char* first = R"({"graph":{"tasks":[{"path":"c"},{"path":"b"}]}})";
  const char* second = R"({"graph":{"tasks":[{"path":"a"},{"path":"d","depends_on":["a","c"]}]}})";
  const char* states = R"({"run_state":{"state":"RUNNING"}})";
  const RunView parts = fold_json({first, states, second});
  const RunView late = fold_json({first, R"({"progress":{"done":1}})", second});
  // c and a lead to d and stand side by side above it, which a free place for a would not do.
  const auto x = [](const RunView& view, const char* path) {
    return view.layout().box(view.task_by_path(path)->slot)->x;
  };
  EXPECT_LT(x(parts, "d") + x(parts, "d"), x(parts, "a") + x(parts, "c") + 1);
  EXPECT_GT(x(parts, "b"), -1);
  EXPECT_EQ(x(late, "c"), x(fold_json({first}), "c"));
  EXPECT_EQ(x(late, "b"), x(fold_json({first}), "b"));
}

TEST(RunView, ATaskIsDrawnUnderOneThatIsToldLater) {
  const RunView view = fold_json({
      R"({"graph":{"tasks":[{"path":"b","depends_on":["a"]}]}})",
      R"({"graph":{"tasks":[{"path":"a"}]}})",
  });
  ASSERT_EQ(view.layout().edges().size(), 1U);
  EXPECT_LT(view.layout().box(view.task_by_path("a")->slot)->y,
            view.layout().box(view.task_by_path("b")->slot)->y);
}

TEST(RunView, ItemsOfALoopChangeItsBoxOnly) {
  RunView view = fold_json({
      R"({"graph":{"tasks":[{"path":"a"},{"path":"l","kind":"LOOP"}]}})",
      R"({"task_state":{"path":"a","state":"RUNNING"}})",
      R"({"graph":{"tasks":[{"path":"l/0","parent":"l","kind":"ITERATION"},
          {"path":"l/0/x","parent":"l/0"}]}})",
  });
  EXPECT_EQ(view.layout_changed_at(), LogOffset{0});
  EXPECT_EQ(view.layout().boxes().size(), 2U);
  EXPECT_TRUE(view.layout().edges().empty());
  // Two tasks an item take two rows.
  const drawing::LayoutBox before = *view.layout().box(view.task_by_path("l")->slot);
  view.apply(LogOffset{3}, event_of(R"({"graph":{"tasks":[{"path":"l/0/y","parent":"l/0",
                                        "depends_on":["l/0/x"]}]}})"));
  EXPECT_EQ(view.layout_changed_at(), LogOffset{3});
  const drawing::LayoutBox after = *view.layout().box(view.task_by_path("l")->slot);
  EXPECT_EQ(after.height, before.height + drawing::kCellMax);
  EXPECT_EQ(after.y, before.y);
  // An item that needs what stands outside draws an edge to the loop.
  view.apply(LogOffset{4}, event_of(R"({"graph":{"tasks":[{"path":"l/1","parent":"l",
                                        "depends_on":["a"]}]}})"));
  EXPECT_EQ(view.layout_changed_at(), LogOffset{4});
  EXPECT_EQ(view.layout().edges().size(), 1U);
  view.apply(LogOffset{5}, event_of(R"({"graph":{"removed":["l"]}})"));
  EXPECT_EQ(view.layout_changed_at(), LogOffset{5});
  EXPECT_EQ(view.layout().boxes().size(), 4U);  // what stood in the loop stands for itself
}

TEST(RunView, WhatItTakesInMemoryIsCounted) {
  RunView view(test_key());
  std::uint64_t offset = 0;
  const auto grows_by = [&](auto fill) {
    const std::size_t before = view.bytes();
    schema::Event event;
    fill(event);
    view.apply(LogOffset{offset++}, event);
    return view.bytes() - before;
  };
  const auto output = grows_by([](schema::Event& event) {
    event.mutable_log_bytes()->set_path("train");
    event.mutable_log_bytes()->set_data(std::string(900'000, 'x'));
  });
  EXPECT_GE(output, 900'000U);
  EXPECT_LT(output, 910'000U);
  const auto points = grows_by([](schema::Event& event) {
    event.mutable_metric_points()->set_path("train");
    event.mutable_metric_points()->set_name("loss");
    for (int i = 0; i < 10'000; ++i) event.mutable_metric_points()->add_value(i);
  });
  EXPECT_GE(points, 240'000U);
  EXPECT_LT(points, 400'000U);
  const auto parameters = grows_by([](schema::Event& event) {
    (*event.mutable_run_state()->mutable_parameters())["text"] = std::string(50'000, 'x');
  });
  EXPECT_GE(parameters, 50'000U);
  EXPECT_LT(parameters, 51'000U);
  const auto graph = grows_by([](schema::Event& event) {
    for (int i = 0; i < 1'000; ++i) {
      schema::GraphTask& task = *event.mutable_graph()->add_tasks();
      task.set_path(fmt::format("a-task-with-a-name-of-its-own-{}", i));
      if (i > 0) task.add_depends_on(fmt::format("a-task-with-a-name-of-its-own-{}", i - 1));
    }
  });
  EXPECT_GE(graph, 1'000U * 1'000U);
  EXPECT_LT(graph, 4'000U * 1'000U);
  const auto told_again = grows_by([](schema::Event& event) {
    event.mutable_task_state()->set_path("train");
    event.mutable_task_state()->set_state(schema::FAILED);
  });
  EXPECT_EQ(told_again, 0U);
}

}  // namespace
}  // namespace telltale::fold
