// How much of the runs that are opened stays in memory, and what is refused.
#include <gtest/gtest.h>

#include "log/memory_log.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"
#include "serve/live_views.h"
#include "store/memory_store.h"

namespace telltale::serve {
namespace {

constexpr int kRuns = 40;
constexpr std::size_t kOutput = 10'000;  // of each run; what else it takes is less

RunKey run(int number) { return make_run_key("test", "", std::to_string(number), ""); }

class LiveViewsMemoryTest : public testing::Test {
 protected:
  LiveViewsMemoryTest() {
    for (int number = 0; number < kRuns; ++number) append_output(number);
    loop_.run_until_idle();
  }

  void start(WatchLimits limits) {
    views_ = std::make_unique<LiveViews>(loop_, log_, store_, counters_, limits);
    views_->start([] {});
    loop_.advance(1'000'000);
  }
  void append_output(int number) {
    schema::Event event;
    event.set_run_key(run(number).text());
    event.mutable_log_bytes()->set_path("task");
    event.mutable_log_bytes()->set_offset(told_ * kOutput);
    event.mutable_log_bytes()->set_data(std::string(kOutput, 'x'));
    log_.append(ports::kEventsTopic, {{event.run_key(), event.SerializeAsString(), 0}},
                {loop_, [](Result<ports::Appended>) {}});
  }
  Result<LiveViews::RunPtr> open(int number) {
    Result<LiveViews::RunPtr> answer = Error{ErrorCode::internal, "no answer"};
    views_->open(run(number), [&](Result<LiveViews::RunPtr> opened) { answer = opened; });
    loop_.run_until_idle();
    return answer;
  }

  runtime::SimRuntime loop_{1};
  log::MemoryLog log_{loop_};
  store::MemoryStore store_;
  Counters counters_;
  std::uint64_t told_ = 0;
  std::unique_ptr<LiveViews> views_;
};

TEST_F(LiveViewsMemoryTest, WhoAsksForAllRunsFillsNoMemory) {
  start({.memory_bytes = 8 * kOutput});
  for (int number = 0; number < kRuns; ++number) {
    ASSERT_TRUE(open(number).ok()) << number;
    EXPECT_GE(views_->memory_bytes(), kOutput);
    EXPECT_LE(views_->memory_bytes(), 8 * kOutput) << number;
  }
  EXPECT_EQ(counters_.get(Counter::runs_not_opened), 0U);
}

TEST_F(LiveViewsMemoryTest, WhereAllAreWatchedNoOtherOneIsOpened) {
  start({.memory_bytes = 5 * kOutput});
  std::vector<LiveViews::RunPtr> watched;
  Error refused{};
  for (int number = 0; number < kRuns; ++number) {
    Result<LiveViews::RunPtr> opened = open(number);
    if (!opened.ok()) {
      refused = opened.error();
      break;
    }
    watched.push_back(opened.take());
  }
  EXPECT_GE(watched.size(), 2U);
  EXPECT_LE(watched.size(), 4U);
  EXPECT_EQ(refused.code, ErrorCode::unavailable);
  EXPECT_EQ(counters_.get(Counter::runs_not_opened), 1U);
  EXPECT_LE(views_->memory_bytes(), 5 * kOutput);
  EXPECT_TRUE(open(0).ok());  // one that is here is nothing more
  watched.clear();
  EXPECT_TRUE(open(kRuns - 1).ok());
}

TEST_F(LiveViewsMemoryTest, OneThatIsAloneIsShownWhateverItTakes) {
  start({.memory_bytes = kOutput / 2});
  const Result<LiveViews::RunPtr> first = open(0);
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(open(1).error().code, ErrorCode::unavailable);
}

TEST_F(LiveViewsMemoryTest, WhatGrowsWhileItIsWatchedSendsOthersAway) {
  start({.memory_bytes = 4 * kOutput});
  const Result<LiveViews::RunPtr> watched = open(0);
  ASSERT_TRUE(open(1).ok());
  for (told_ = 1; told_ < 4; ++told_) append_output(0);
  loop_.advance(1'000'000);
  EXPECT_EQ(views_->memory_bytes(), (*watched)->view.bytes());
}

TEST_F(LiveViewsMemoryTest, SoManyAreOpenedAtATimeAndSoManyWait) {
  start({.openings = 2, .openings_waiting = 3});
  int opened = 0;
  int refused = 0;
  for (int number = 0; number < 10; ++number) {
    views_->open(run(number),
                 [&](Result<LiveViews::RunPtr> run) { ++(run.ok() ? opened : refused); });
  }
  EXPECT_EQ(refused, 5);
  loop_.run_until_idle();
  EXPECT_EQ(opened, 5);
  EXPECT_TRUE(open(9).ok());
}

}  // namespace
}  // namespace telltale::serve
