#include "loops/collect_loop.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <optional>

#include "base/limits.h"
#include "collect/memory_source.h"
#include "log/memory_log.h"
#include "ports/faulty_log.h"
#include "ports/faulty_source.h"
#include "ports/open_gate_test.h"
#include "runtime/sim_runtime.h"
#include "schema/source.pb.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr const char* kName = "memory:test";

using Values = std::vector<std::string>;

// A source whose facts are the events, a log, and the loop between them.
class CollectLoopTest : public testing::Test {
 protected:
  void SetUp() override { spdlog::set_level(spdlog::level::off); }  // faults are meant to happen

  void start() {
    auto parse = [](const std::vector<ports::Item>& items) {
      std::vector<ports::Record> records;
      for (const ports::Item& item : items) {
        if (item.bytes != "bad") records.push_back({"run", item.bytes, 0});
      }
      return records;
    };
    collect_.emplace(loop_, log_, gate_, source_, kName, counters_, parse,
                     [this](const std::string& trouble) { told_.push_back(trouble); });
    collect_->start();
  }
  void crash() {
    collect_.reset();
    memory_.drop_waiting();
    loop_.drop_all();
  }
  // As from `stop`, and how long it took.
  std::int64_t stop() {
    const std::int64_t began_us = to_number(loop_.now());
    std::int64_t stopped_us = -1;
    collect_->stop([&] { stopped_us = to_number(loop_.now()) - began_us; });
    loop_.advance(3'600 * kSecondUs);
    return stopped_us;
  }

  Values values(const char* topic) {
    Values values;
    kept_.read({topic, 0}, LogOffset{0}, {}, {loop_, [&](auto records) {
                                                for (const auto& stored : *records)
                                                  values.push_back(stored.record.value);
                                              }});
    loop_.run_until_idle();
    return values;
  }
  Values events() { return values(ports::kEventsTopic); }
  std::string position() {
    schema::SourcePosition position;
    for (const std::string& value : values(ports::kSourcesTopic))
      EXPECT_TRUE(position.ParseFromString(value));
    return position.position();
  }
  void keep_position(const std::string& name, const std::string& value) {
    kept_.append(ports::kSourcesTopic, {{name, value, 0}}, {loop_, [](Result<ports::Appended>) {}});
  }

  runtime::SimRuntime loop_{1};
  log::MemoryLog kept_{loop_};
  ports::FaultyLog log_{kept_, loop_};
  ports::OpenGate gate_{loop_, log_};
  collect::MemorySource memory_{loop_};
  ports::FaultySource source_{memory_, loop_};
  Counters counters_;
  Values told_;
  std::optional<CollectLoop> collect_;
};

TEST_F(CollectLoopTest, FactsComeIntoTheLogAndThenThePositionBehindThem) {
  start();
  memory_.add({"a", "bad", "b"});
  loop_.advance(kSecondUs);
  EXPECT_EQ(events(), (Values{"a", "b"}));
  EXPECT_EQ(position(), "0:3");
  memory_.add({"bad"});
  loop_.advance(kSecondUs);
  EXPECT_EQ(position(), "0:4");
  EXPECT_EQ(gate_.kept, 2U);
  EXPECT_TRUE(told_.empty());
}

TEST_F(CollectLoopTest, AnotherLifeGoesOnWhereTheLastOneWas) {
  for (int i = 0; i < 300; ++i) keep_position("memory:" + std::to_string(i), "");
  start();
  memory_.add({"a", "b"});
  loop_.advance(kSecondUs);
  crash();
  keep_position("memory:another", "");
  log_.faults.short_read_percent = 100;
  start();
  memory_.add({"c"});
  loop_.advance(kSecondUs);
  EXPECT_EQ(events(), (Values{"a", "b", "c"}));
}

TEST_F(CollectLoopTest, ManyFactsAreFewPositionsAndTheLastOneComesToo) {
  start();
  for (int i = 0; i < 500; ++i) {
    memory_.add({std::to_string(i)});
    loop_.advance(20'000);
  }
  EXPECT_EQ(events().size(), 500U);
  loop_.advance(kSecondUs);
  EXPECT_EQ(position(), "0:500");
  std::uint64_t positions = 0;
  kept_.bounds({ports::kSourcesTopic, 0},
               {loop_, [&](auto bounds) { positions = to_number(bounds->end); }});
  loop_.run_until_idle();
  EXPECT_GE(positions, 10U);
  EXPECT_LE(positions, 12U);
}

TEST_F(CollectLoopTest, APositionThatCannotBeReadIsCountedAndTheSourceReadFromItsBeginning) {
  keep_position(kName, "\xff\xff");
  memory_.add({"a"});
  start();
  loop_.advance(kSecondUs);
  EXPECT_EQ(counters_.get(Counter::records_unreadable), 1U);
  EXPECT_EQ(events(), Values{"a"});
}

TEST_F(CollectLoopTest, WhileTheLogIsAwayItSaysSoAndTriesMoreAndMoreSeldom) {
  start();
  loop_.advance(kSecondUs);
  log_.faults.fail_percent = 100;
  memory_.add({"a"});
  loop_.advance(600 * kSecondUs);
  EXPECT_EQ(told_, Values{log_.faults.error.message});
  EXPECT_GT(counters_.get(Counter::source_retries), 60U);
  EXPECT_LT(counters_.get(Counter::source_retries), 130U);
  log_.faults.fail_percent = 0;
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(told_, (Values{log_.faults.error.message, ""}));
  EXPECT_EQ(events(), Values{"a"});
}

TEST_F(CollectLoopTest, WhatKeepsASourceFromBeingReadIsSaid) {
  source_.faults.fail_percent = 100;
  source_.faults.error.message = "The file is a folder.";
  memory_.add({"a"});
  start();
  loop_.advance(kSecondUs);
  EXPECT_EQ(told_, Values{"The file is a folder."});
  source_.faults.fail_percent = 0;
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(told_, (Values{"The file is a folder.", ""}));
  EXPECT_EQ(events(), Values{"a"});
}

TEST_F(CollectLoopTest, WhatExpiredIsReadFromTheBeginningAndIsNoTrouble) {
  start();
  memory_.add({"a", "b"});
  loop_.advance(kSecondUs);
  memory_.replace({"a", "c"});
  loop_.advance(kSecondUs);
  EXPECT_EQ(events(), (Values{"a", "b", "a", "c"}));
  EXPECT_EQ(counters_.get(Counter::source_relists), 1U);
  EXPECT_TRUE(told_.empty());
}

TEST_F(CollectLoopTest, ASourceWhosePositionsNeverLastIsReadWithPauses) {
  source_.expire_percent = 100;
  memory_.add({"a"});
  start();
  loop_.advance(600 * kSecondUs);
  EXPECT_GT(counters_.get(Counter::source_relists), 60U);
  EXPECT_LT(counters_.get(Counter::source_relists), 130U);
}

TEST_F(CollectLoopTest, AFloodKeepsToItsPace) {
  constexpr std::size_t kBytes = 800'000;
  memory_.add(Values(80, std::string(kBytes, 'x')));
  start();
  loop_.advance(kSecondUs);
  const std::size_t bytes = gate_.kept * kBytes;
  EXPECT_GT(bytes, limits::kSourceBytesPerSecond / 2);
  EXPECT_LE(bytes, limits::kSourceBytesPerSecond + 2 * limits::kSourceBatchBytes);
  loop_.advance(kSecondUs);
  EXPECT_EQ(gate_.kept, 80U);
}

TEST_F(CollectLoopTest, StoppingAppendsWhatWasReadAndItsPosition) {
  start();
  loop_.advance(kSecondUs);
  log_.faults.delay_us_max = kSecondUs;
  memory_.add({"a"});
  EXPECT_LE(stop(), 2 * kSecondUs);
  EXPECT_EQ(events(), Values{"a"});
  EXPECT_EQ(position(), "0:1");
}

TEST_F(CollectLoopTest, StoppingWaitsForNoLogThatIsAway) {
  start();
  loop_.advance(kSecondUs);
  log_.faults.fail_percent = 100;
  memory_.add({"a"});
  loop_.advance(kSecondUs);
  EXPECT_EQ(stop(), 0);
  log_.faults = {.delay_us_max = 7'200 * kSecondUs};
  collect_.reset();
  start();
  EXPECT_EQ(stop(), limits::kHandOverUs);
}

TEST_F(CollectLoopTest, OneThatWasNotStartedStopsAtOnce) {
  collect_.emplace(loop_, log_, gate_, source_, kName, counters_, CollectLoop::Parse(),
                   CollectLoop::OnTrouble());
  EXPECT_EQ(stop(), 0);
}

TEST_F(CollectLoopTest, ASourceThatClosesEndsItAndStoppingThenTakesNoTime) {
  start();
  loop_.advance(kSecondUs);
  memory_.close();
  loop_.advance(kSecondUs);
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(counters_.get(Counter::source_retries), 0U);
  EXPECT_EQ(stop(), 0);
}

}  // namespace
}  // namespace telltale::loops
