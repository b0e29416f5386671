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

}  // namespace
}  // namespace telltale::serve
