#include "loops/retention_loop.h"

#include <gtest/gtest.h>

#include <set>

#include "log/memory_log.h"
#include "ports/faulty_log.h"
#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "schema/view.pb.h"
#include "store/memory_store.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kDayUs = 86'400 * kSecondUs;

class RetentionLoopTest : public testing::Test {
 protected:
  static RunKey run(int number) { return make_run_key("test", "", std::to_string(number), ""); }

  // Listed, with two objects of 100 bytes in all.
  void add(int number, schema::State state, std::int64_t ended_days_ago) {
    schema::RunSummary summary;
    summary.set_run_key(run(number).text());
    summary.set_state(state);
    summary.set_finished_at_us(to_number(loop_.now()) - ended_days_ago * kDayUs);
    kept_.append(ports::kRunsTopic, {{run(number).text(), summary.SerializeAsString(), 0}},
                 {loop_, [](Result<ports::Appended>) {}});
    for (const char* name : {"manifest", "events/1"}) {
      objects_.put("runs/" + run(number).text() + "/" + name, std::string(50, 'x'), {},
                   {loop_, [](Result<std::string>) {}});
    }
  }
  void start(Keep keep) {
    retention_.emplace(loop_, log_, store_, counters_, keep);
    retention_->start();
  }
  // Numbers of the runs of which there are objects, and of those that are listed.
  std::set<int> stored() {
    std::set<int> found;
    objects_.list("runs/", {}, 1'000, {loop_, [&](Result<std::vector<ports::ObjectInfo>> page) {
                                         for (const ports::ObjectInfo& object : *page)
                                           found.insert(number_of(object.key.substr(5, kIdLength)));
                                       }});
    loop_.run_until_idle();
    return found;
  }
  std::set<int> listed() {
    std::set<int> found;
    kept_.read({ports::kRunsTopic, 0}, LogOffset{0}, {},
               {loop_, [&](Result<std::vector<ports::StoredRecord>> records) {
                  for (const ports::StoredRecord& record : *records) {
                    if (!record.record.value.empty()) found.insert(number_of(record.record.key));
                  }
                }});
    loop_.run_until_idle();
    return found;
  }
  static int number_of(const std::string& key) {
    for (int number = 0; number < 10; ++number) {
      if (run(number).text() == key) return number;
    }
    return -1;
  }

  using Runs = std::set<int>;
  runtime::SimRuntime loop_{1};
  log::MemoryLog kept_{loop_};
  store::MemoryStore objects_;
  ports::FaultyLog log_{kept_, loop_};
  ports::FaultyStore store_{objects_, loop_};
  Counters counters_;
  std::optional<RetentionLoop> retention_;
};

TEST_F(RetentionLoopTest, WhatEndedLongAgoGoesAndWhatGoesOnStays) {
  add(1, schema::SUCCEEDED, 9);
  add(2, schema::FAILED, 11);
  add(3, schema::RUNNING, 30);
  start({10 * kDayUs, std::nullopt});
  loop_.advance(120 * kSecondUs);
  EXPECT_EQ(stored(), (Runs{1, 3}));
  EXPECT_EQ(listed(), (Runs{1, 3}));
  EXPECT_EQ(counters_.get(Counter::runs_removed), 1U);
  loop_.advance(2 * kDayUs);
  EXPECT_EQ(stored(), Runs{3});
  EXPECT_EQ(listed(), Runs{3});
}

TEST_F(RetentionLoopTest, TheOldestGoUntilTheStoreIsSmallEnough) {
  for (int number = 1; number < 6; ++number) add(number, schema::SUCCEEDED, number);
  add(6, schema::RUNNING, 60);
  start({std::nullopt, 350});
  loop_.advance(120 * kSecondUs);
  EXPECT_EQ(stored(), (Runs{1, 2, 6}));
  EXPECT_EQ(listed(), (Runs{1, 2, 6}));
  // What came later counts with the next measure.
  add(7, schema::SUCCEEDED, 0);
  loop_.advance(1'200 * kSecondUs);
  EXPECT_EQ(stored(), (Runs{1, 6, 7}));
}

TEST_F(RetentionLoopTest, WhatWasHeardOfJustNowStays) {
  start({std::nullopt, 0});
  loop_.advance(60 * kSecondUs);
  add(1, schema::SUCCEEDED, 0);
  loop_.advance(20 * kSecondUs);
  EXPECT_EQ(stored(), Runs{1});
  loop_.advance(1'200 * kSecondUs);
  EXPECT_EQ(stored(), Runs{});
}

TEST_F(RetentionLoopTest, OneThatWasCutShortIsRemovedWhole) {
  add(1, schema::SUCCEEDED, 9);
  start({kDayUs, std::nullopt});
  loop_.advance(20 * kSecondUs);
  log_.faults.fail_percent = 50;
  store_.faults.fail_percent = 70;
  store_.faults.lose_answer_percent = 10;
  loop_.advance(100 * kSecondUs);
  log_.faults = {};
  store_.faults = {};
  retention_.emplace(loop_, log_, store_, counters_, Keep{kDayUs, std::nullopt});  // a restart
  retention_->start();
  loop_.advance(120 * kSecondUs);
  EXPECT_EQ(stored(), Runs{});
  EXPECT_EQ(listed(), Runs{});
}

TEST_F(RetentionLoopTest, StoppedItRemovesNothing) {
  add(1, schema::SUCCEEDED, 9);
  start({kDayUs, std::nullopt});
  bool stopped = false;
  retention_->stop([&] { stopped = true; });
  loop_.advance(3'600 * kSecondUs);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(stored(), Runs{1});
}

}  // namespace
}  // namespace telltale::loops
