// How much a run may hold and cost, and that what is beyond it is counted and breaks nothing.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "fold/test_events.h"
#include "fold/view_encoder.h"

namespace telltale::fold {
namespace {

std::string name(int number) { return "t" + std::to_string(number); }

schema::GraphTask& add_task(schema::Event& event, const std::string& path) {
  schema::GraphTask& task = *event.mutable_graph()->add_tasks();
  task.set_path(path);
  return task;
}

// Tasks `first` to before `end` of a chain, each of which also depends on the first of all.
schema::Event chain(int first, int end) {
  schema::Event event;
  for (int i = first; i < end; ++i) {
    schema::GraphTask& task = add_task(event, name(i));
    if (i > 0) task.add_depends_on(name(i - 1));
    if (i > 1) task.add_depends_on(name(0));
  }
  return event;
}

// Each task of a layer depends on all of the layer before.
schema::Event dense(int layers, int width) {
  schema::Event event;
  for (int i = 0; i < layers * width; ++i) {
    schema::GraphTask& task = add_task(event, name(i));
    for (int other = 0; i >= width && other < width; ++other)
      task.add_depends_on(name((i / width - 1) * width + other));
  }
  return event;
}

schema::Event edges(const std::string& path, int count) {
  schema::Event event;
  schema::GraphTask& task = add_task(event, path);
  for (int i = 0; i < count; ++i) task.add_depends_on("none-" + std::to_string(i));
  return event;
}

std::uint64_t dearest(RunView& view, const std::vector<schema::Event>& events) {
  std::uint64_t most = 0;
  std::uint64_t offset = 0;
  for (const schema::Event& event : events) {
    view.apply(LogOffset{offset++}, event);
    most = std::max(most, view.layout().last_steps());
  }
  return most;
}

TEST(RunBounds, AGraphIsLaidOutInBoundedSteps) {
  for (const schema::Event& event :
       {chain(0, 8'000), chain(0, 20'000), dense(12, 70), dense(3, 170), dense(600, 10)}) {
    RunView view(test_key());
    EXPECT_LE(dearest(view, {event}), drawing::GraphLayout::kCreditMost);
    EXPECT_EQ(encode_layout(view).boxes_size(), event.graph().tasks_size());
    EXPECT_EQ(view.header().lost.events, 0U);
    Result<RunView> again = decode(*encode(view));
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(*encode(*again), *encode(view));
    EXPECT_EQ(encode_layout(*again).SerializeAsString(), encode_layout(view).SerializeAsString());
  }
}

// In pieces, at once, and by a snapshot with the rest: one drawing.
TEST(RunBounds, AGraphInPiecesIsASnapshotAndTheRest) {
  std::vector<schema::Event> pieces;
  for (int first = 0; first < 3'000; first += 60) pieces.push_back(chain(first, first + 60));
  // What comes after is told task by task.
  for (int i = 3'000; i < 3'060; ++i) {
    pieces.emplace_back().mutable_task_state()->set_path(name(i));
    pieces.back().mutable_task_state()->set_state(schema::RUNNING);
    pieces.push_back(chain(i, i + 1));
  }
  RunView whole(test_key());
  EXPECT_LE(dearest(whole, pieces), drawing::GraphLayout::kCreditMost);
  for (const std::size_t cut :
       {std::size_t{1}, std::size_t{20}, std::size_t{49}, std::size_t{90}}) {
    RunView first(test_key());
    apply_all(first, {pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(cut)});
    Result<RunView> rest = decode(*encode(first));
    ASSERT_TRUE(rest.ok());
    apply_all(*rest, {pieces.begin() + static_cast<std::ptrdiff_t>(cut), pieces.end()}, cut);
    EXPECT_EQ(*encode(*rest), *encode(whole)) << "cut at " << cut;
  }
}

// Changes of a large graph, each of which costs all of it, use the credit up: then rows, which cost
// nothing until somebody looks, also after a snapshot.
TEST(RunBounds, ManySmallChangesEndInRows) {
  std::vector<schema::Event> events = {dense(12, 70)};
  for (int i = 0; i < 300; ++i) {
    schema::Event& event = events.emplace_back();
    add_task(event, name(200 + i)).add_depends_on(name(i % 70));
  }
  RunView view(test_key());
  apply_all(view, events);
  ASSERT_TRUE(view.layout().by_rows());
  EXPECT_EQ(encode_layout(view).boxes_size(), 840);
  Result<RunView> again = decode(*encode(view));
  ASSERT_TRUE(again.ok());
  schema::Event more;
  add_task(more, "more").add_depends_on(name(0));
  for (RunView* one : {&view, &*again}) {
    EXPECT_TRUE(one->apply(LogOffset{1'000}, more));
    EXPECT_EQ(one->layout_changed_at(), LogOffset{1'000});
    EXPECT_EQ(encode_layout(*one).boxes_size(), 841);
  }
  EXPECT_EQ(*encode(*again), *encode(view));
}

TEST(RunBounds, TasksBeyondTheMostAreLeftOutAndCounted) {
  RunView view(test_key());
  const int most = static_cast<int>(limits::kRunTasks);
  view.apply(LogOffset{0}, chain(0, most - 1));
  EXPECT_EQ(view.header().lost.events, 0U);
  view.apply(LogOffset{1}, chain(most - 1, most + 5));
  EXPECT_EQ(view.tasks().size(), limits::kRunTasks);
  EXPECT_EQ(view.header().lost.events, 1U);
  EXPECT_NE(view.header().lost.reason.find("20,000"), std::string::npos);
  view.apply(LogOffset{2}, event_of(R"({"task_state":{"path":"new","state":"RUNNING"}})"));
  view.apply(LogOffset{3}, event_of(R"({"progress":{"path":"new","done":1}})"));
  view.apply(LogOffset{4}, event_of(R"({"artifact":{"path":"new","name":"a"}})"));
  EXPECT_EQ(view.header().lost.events, 4U);
  view.apply(LogOffset{5}, event_of(R"({"log_bytes":{"path":"new","data":"aGk="}})"));
  EXPECT_EQ(view.header().lost.log_bytes, 2U);
  view.apply(LogOffset{6},
             event_of(R"({"metric_points":{"path":"new","name":"a","value":[1,2]}})"));
  EXPECT_EQ(view.header().lost.points, 2U);
  EXPECT_EQ(view.tasks().size(), limits::kRunTasks);
  // What it has goes on.
  EXPECT_TRUE(view.apply(LogOffset{7}, event_of(R"({"log_bytes":{"path":"t1","data":"aGk="}})")));
  EXPECT_TRUE(decode(*encode(view)).ok());
}

TEST(RunBounds, DependenciesBeyondTheMostAreLeftOutAndCounted) {
  RunView view(test_key());
  const int most = static_cast<int>(limits::kRunEdges);
  view.apply(LogOffset{0}, edges("a", most - 10));
  view.apply(LogOffset{1}, edges("b", 30));
  EXPECT_EQ(view.task_by_path("b")->depends_on.size(), 10U);
  EXPECT_EQ(view.header().lost.events, 1U);
  // Told again it is what it was; fewer of one leave room for another.
  EXPECT_FALSE(view.apply(LogOffset{2}, edges("a", most - 10)));
  view.apply(LogOffset{3}, edges("a", 5));
  view.apply(LogOffset{4}, edges("b", 30));
  EXPECT_EQ(view.task_by_path("b")->depends_on.size(), 30U);
  EXPECT_EQ(view.header().lost.events, 1U);
  EXPECT_TRUE(decode(*encode(view)).ok());
}

// A wrong offset is not where the next right bytes have to wait for ever.
TEST(RunBounds, OutputFarPastTheEndIsLeftOutAndCounted) {
  RunView view = fold_json({
      R"({"log_bytes":{"path":"a","data":"aGk="}})",
      R"({"log_bytes":{"path":"a","data":"Zm9v","offset":"1000000000000"}})",
      R"({"log_bytes":{"path":"a","data":"aG8=","offset":"2"}})",
      R"({"log_bytes":{"path":"b","data":"Zm9v","offset":"18446744073709551000"}})",
  });
  const LogBuffer& log = *view.task_by_path("a")->log(1);
  EXPECT_EQ(log.read(0, 100).data, "hiho");
  EXPECT_EQ(log.lost_bytes(), 0U);
  EXPECT_EQ(view.task_by_path("b")->log(1), nullptr);
  EXPECT_EQ(view.header().lost.log_bytes, 6U);
  EXPECT_NE(view.header().lost.reason.find("64 MiB"), std::string::npos);
}

TEST(RunBounds, ThousandsOfTasksGoAndComeBack) {
  RunView view(test_key());
  view.apply(LogOffset{0}, chain(0, 10'000));
  schema::Event removed;
  for (int i = 0; i < 10'000; ++i) removed.mutable_graph()->add_removed(name(i));
  view.apply(LogOffset{1}, removed);
  EXPECT_EQ(view.removed_since(LogOffset{0}).size(), 10'000U);
  view.apply(LogOffset{2}, chain(0, 10'000));
  EXPECT_TRUE(view.removed_since(LogOffset{0}).empty());
  EXPECT_EQ(view.tasks().size(), 10'000U);
}

}  // namespace
}  // namespace telltale::fold
