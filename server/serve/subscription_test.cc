#include "serve/subscription.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "fold/test_events.h"
#include "log/memory_log.h"
#include "runtime/sim_runtime.h"
#include "schema/view.pb.h"

namespace telltale::serve {
namespace {

constexpr std::int64_t kSentUs = 1'000'000;

// A run and a reader who has all of it.
class RunSubscription : public testing::Test {
 protected:
  RunSubscription() {
    tell(R"({"task_state":{"path":"a","state":"RUNNING","version":"1"}})");
    tell(R"({"metric_points":{"path":"a","name":"loss","step":["1"],"value":[1]}})");
    const std::string path = "/api/v1/runs/" + run_->view.key().text();
    subscription_ = std::make_unique<Subscription>(1, 1, parse_resource(path, "").take(), "");
    subscription_->set_run(run_);
    EXPECT_EQ(subscription_->due_us(limits::kNumbersGapUs), 0);
    EXPECT_TRUE(send().has_run());
  }

  void watch(const std::string& path, const std::string& query) {
    subscription_ = std::make_unique<Subscription>(
        1, 1, parse_resource("/api/v1/runs/" + run_->view.key().text() + path, query).take(), "");
    subscription_->set_run(run_);
  }
  bool has_news() {
    schema::ServerFrame frame;
    return subscription_->next_frame(runs_, frame).value();
  }

  void tell(const std::string& json) {
    run_->view.apply(LogOffset{offset_++}, fold::event_of(json));
  }
  schema::ServerFrame send() {
    schema::ServerFrame frame;
    EXPECT_TRUE(subscription_->next_frame(runs_, frame).value());
    subscription_->sent_us = kSentUs;
    return frame;
  }
  std::int64_t gap_us() const { return subscription_->due_us(limits::kNumbersGapUs) - kSentUs; }

  runtime::SimRuntime loop_{1};
  log::MemoryLog log_{loop_};
  Counters counters_;
  RunList runs_{loop_, log_, counters_};
  LiveViews::RunPtr run_ = std::make_shared<WatchedRun>(fold::test_key());
  std::unique_ptr<Subscription> subscription_;
  std::uint64_t offset_ = 1;
};

TEST_F(RunSubscription, NumbersAreToldSeldom) {
  tell(R"({"metric_points":{"path":"a","name":"loss","step":["2"],"value":[0.5]}})");
  tell(R"({"progress":{"path":"a","done":1,"total":2}})");
  EXPECT_EQ(gap_us(), limits::kNumbersGapUs);
  const schema::ServerFrame frame = send();
  EXPECT_EQ(frame.run().series(0).last_value(), 0.5);
  EXPECT_EQ(frame.run().tasks(0).progress().done(), 1);
}

TEST_F(RunSubscription, AStateIsToldAtOnceAndNumbersWithIt) {
  tell(R"({"metric_points":{"path":"a","name":"loss","step":["2"],"value":[0.5]}})");
  tell(R"({"task_state":{"path":"a","state":"FAILED","version":"2"}})");
  EXPECT_EQ(gap_us(), limits::kFrameGapUs);
  const schema::ServerFrame frame = send();
  EXPECT_EQ(frame.run().series(0).last_value(), 0.5);
  EXPECT_EQ(frame.run().tasks(0).state(), schema::FAILED);
  tell(R"({"metric_points":{"path":"a","name":"loss","step":["3"],"value":[0.25]}})");
  EXPECT_EQ(gap_us(), limits::kNumbersGapUs);
}

TEST_F(RunSubscription, ANewSeriesIsToldAtOnce) {
  tell(R"({"metric_points":{"path":"a","name":"accuracy","step":["1"],"value":[1]}})");
  EXPECT_EQ(gap_us(), limits::kFrameGapUs);
}

// A list of runs and a reader who has its page.
class ListSubscription : public testing::Test {
 protected:
  ListSubscription() {
    runs_.start([] {});
    loop_.run_until_idle();
  }

  static RunKey key(int number) { return make_run_key("test", "", "", std::to_string(number)); }
  void tell(int number, schema::State state) {
    schema::RunSummary run;
    run.set_run_key(key(number).text());
    run.set_name("run-" + std::to_string(number));
    run.set_pipeline("pipeline-" + std::to_string(number));
    run.set_state(state);
    run.set_created_at_us(number + 1);
    run.set_last_event_at_us(to_number(loop_.now()));
    run.set_position(++position_);
    append(key(number), run.SerializeAsString());
  }
  void append(const RunKey& key, const std::string& value) {
    log_.append(ports::kRunsTopic, {{key.text(), value, 0}},
                {loop_, [](Result<ports::Appended>) {}});
    loop_.run_until_idle();
  }
  void subscribe(const std::string& query, const std::string& since = "") {
    subscription_ =
        std::make_unique<Subscription>(1, 1, parse_resource("/api/v1/runs", query).take(), since);
  }
  // "snapshot", the runs told, "-" and the runs that left it; "" where there is nothing to tell.
  std::string next() {
    schema::ServerFrame frame;
    if (!subscription_->next_frame(runs_, frame).value()) return "";
    position_told_ = frame.position();
    total_ = frame.run_list().total();
    std::string said = frame.snapshot() ? "snapshot" : "changes";
    for (const schema::RunSummary& run : frame.run_list().runs()) said += ' ' + run.name();
    for (const std::string& removed : frame.run_list().removed()) {
      for (int number = 0; number < 100; ++number) {
        if (key(number).text() == removed) said += " -run-" + std::to_string(number);
      }
    }
    return said;
  }

  runtime::SimRuntime loop_{1};
  log::MemoryLog log_{loop_};
  Counters counters_;
  RunList runs_{loop_, log_, counters_};
  std::unique_ptr<Subscription> subscription_;
  std::uint64_t position_ = 0;
  std::string position_told_;
  std::uint32_t total_ = 0;
};

TEST_F(ListSubscription, AReaderHasThePageItAskedForAndNoOther) {
  for (int number = 0; number < 5; ++number) tell(number, schema::RUNNING);
  subscribe("limit=2");
  EXPECT_EQ(next(), "snapshot run-4 run-3");
  EXPECT_EQ(total_, 5U);
  EXPECT_EQ(next(), "");
  tell(0, schema::FAILED);  // not on this page
  EXPECT_EQ(next(), "");
  tell(3, schema::FAILED);
  EXPECT_EQ(next(), "changes run-3");
  tell(5, schema::RUNNING);
  EXPECT_EQ(next(), "changes run-5 -run-3");
  EXPECT_EQ(total_, 6U);
  append(key(5), "");
  EXPECT_EQ(next(), "changes run-3 -run-5");
}

TEST_F(ListSubscription, WhatLeavesAFilterMakesRoomForTheNext) {
  for (int number = 0; number < 4; ++number) tell(number, schema::RUNNING);
  subscribe("state=running&limit=2");
  EXPECT_EQ(next(), "snapshot run-3 run-2");
  tell(3, schema::SUCCEEDED);
  EXPECT_EQ(next(), "changes run-1 -run-3");
  tell(9, schema::SUCCEEDED);
  EXPECT_EQ(next(), "");
}

TEST_F(ListSubscription, WhoComesBackGetsThePageUnlessItHasItStill) {
  tell(1, schema::RUNNING);
  subscribe("");
  EXPECT_EQ(next(), "snapshot run-1");
  subscribe("", position_told_);
  EXPECT_EQ(next(), "");
  tell(2, schema::RUNNING);
  EXPECT_EQ(next(), "changes run-2");
  const std::string seen = position_told_;
  tell(1, schema::SUCCEEDED);
  subscribe("", seen);
  EXPECT_EQ(next(), "snapshot run-2 run-1");
}

TEST_F(ListSubscription, TimeAloneMakesASilentRunKnown) {
  tell(1, schema::RUNNING);
  subscribe("attention=1");
  EXPECT_EQ(next(), "snapshot");
  loop_.advance(20'000'000);
  EXPECT_EQ(next(), "");
  loop_.advance(15'000'000);
  EXPECT_EQ(next(), "changes run-1");
  tell(1, schema::RUNNING);
  EXPECT_EQ(next(), "changes -run-1");
}

TEST_F(RunSubscription, AZoomedChartIsSentWhenItsPartChanged) {
  watch("/metrics/" + run_->view.series().front().id.text(), "from=10&to=20");
  EXPECT_TRUE(has_news());
  int frames = 0;
  for (int step = 2; step < 1'000; ++step) {
    tell(R"({"metric_points":{"path":"a","name":"loss","step":[")" + std::to_string(step) +
         R"("],"value":[1]}})");
    frames += has_news() ? 1 : 0;
  }
  EXPECT_EQ(frames, 11);
  // An end that is told but not both: the data's own is the other.
  watch("/metrics/" + run_->view.series().front().id.text(), "from=990");
  EXPECT_TRUE(has_news());
  tell(R"({"metric_points":{"path":"a","name":"loss","step":["5"],"value":[1]}})");
  EXPECT_FALSE(has_news());
  tell(R"({"metric_points":{"path":"a","name":"loss","step":["2000"],"value":[1]}})");
  EXPECT_TRUE(has_news());
}

TEST_F(RunSubscription, ALargeGraphIsToldMoreSeldomThanASmallOne) {
  watch("/graph", "");
  EXPECT_TRUE(send().has_graph());
  EXPECT_LT(gap_us(), 2 * limits::kFrameGapUs);
  std::string tasks;
  for (int i = 0; i < 5'000; ++i)
    tasks += (i == 0 ? "" : ",") + std::string(R"({"path":"t)") + std::to_string(i) + "\"}";
  tell(R"({"graph":{"tasks":[)" + tasks + "]}}");
  EXPECT_EQ(send().graph().boxes_size(), 5'001);
  EXPECT_GE(gap_us(), 5'000 * 20);
  EXPECT_LE(gap_us(), limits::kPulseUs);
}

}  // namespace
}  // namespace telltale::serve
