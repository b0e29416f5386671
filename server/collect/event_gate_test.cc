#include "collect/event_gate.h"

#include <gtest/gtest.h>

#include <set>

#include "base/limits.h"
#include "log/memory_log.h"
#include "ports/faulty_log.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"

namespace telltale::collect {
namespace {

using Answer = Result<ports::GateAnswer>;
using From = ports::EventGate::From;

// A log that takes no append with one of these values, as Kafka with a topic of smaller records.
class PickyLog final : public ports::FaultyLog {
 public:
  using ports::FaultyLog::FaultyLog;
  void append(std::string topic, std::vector<ports::Record> records,
              ports::Completion<Result<ports::Appended>> done) override {
    ++appends;
    for (const ports::Record& record : records) {
      if (bad.count(record.value) == 0) continue;
      done(Error{ErrorCode::too_large, "The topic takes less."});
      return;
    }
    ports::FaultyLog::append(std::move(topic), std::move(records), std::move(done));
  }

  std::set<std::string> bad;
  int appends = 0;
};

class EventGateTest : public testing::Test {
 protected:
  Answer append(const std::vector<std::string>& values, From from = From::request) {
    std::vector<ports::Record> records;
    for (const std::string& value : values) records.push_back({run_, value, 1});
    Answer answer = Error{ErrorCode::internal, "no answer"};
    gate_.append(std::move(records), from,
                 {loop_, [&](Answer given) { answer = std::move(given); }});
    loop_.run_until_idle();
    return answer;
  }
  Status append(const schema::Event& event) {
    Status answer = Error{ErrorCode::internal, "no answer"};
    gate_.append(event, {loop_, [&](Status given) { answer = std::move(given); }});
    loop_.run_until_idle();
    return answer;
  }
  std::vector<std::string> kept() {
    std::vector<std::string> values;
    kept_.read({ports::kEventsTopic, 0}, LogOffset{0}, {.bytes_max = SIZE_MAX},
               {loop_, [&](Result<std::vector<ports::StoredRecord>> records) {
                  for (const auto& stored : *records) values.push_back(stored.record.value);
                }});
    loop_.run_until_idle();
    return values;
  }

  const std::string run_ = make_run_key("test", "", "run", "").text();
  runtime::SimRuntime loop_{1};
  log::MemoryLog kept_{loop_};
  PickyLog log_{kept_, loop_};
  Counters counters_;
  RejectedEvents rejected_{counters_};
  EventGate gate_{loop_, log_, counters_, rejected_};
};

TEST_F(EventGateTest, WhatTheLogNeverTakesIsRefusedAndItsNeighboursAreKeptInOrder) {
  log_.bad = {"c", "f"};
  const Answer answer = append({"a", "b", "c", "d", "e", "f", "g"});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->kept, 5U);
  ASSERT_EQ(answer->refused.size(), 2U);
  EXPECT_EQ(answer->refused[0].index, 2U);
  EXPECT_EQ(answer->refused[1].index, 5U);
  EXPECT_EQ(answer->refused[0].why.code, ErrorCode::too_large);
  EXPECT_EQ(kept(), (std::vector<std::string>{"a", "b", "d", "e", "g"}));
  EXPECT_EQ(counters_.get(Counter::events_accepted), 5U);
  EXPECT_EQ(counters_.get(Counter::events_rejected), 2U);
  EXPECT_NE(rejected_.json().find("The topic takes less."), std::string::npos);
}

TEST_F(EventGateTest, SizesAreJudgedOfWhatTheLogGets) {
  const std::string largest(limits::kEventRecordBytes - run_.size(), 'x');
  const Answer answer = append({largest + "x", largest, "small"});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->kept, 2U);
  ASSERT_EQ(answer->refused.size(), 1U);
  EXPECT_EQ(answer->refused[0].index, 0U);
  EXPECT_EQ(answer->refused[0].why.code, ErrorCode::too_large);
  EXPECT_EQ(log_.appends, 1);
}

TEST_F(EventGateTest, WhatCannotBeKeptNowIsAnErrorAndNoRefusal) {
  log_.faults.fail_percent = 100;
  EXPECT_EQ(append({"a", "b"}).error().code, ErrorCode::unavailable);
  EXPECT_EQ(counters_.get(Counter::log_append_failures), 1U);
  EXPECT_EQ(counters_.get(Counter::events_rejected), 0U);
  log_.faults = {};
  EXPECT_EQ(append({"a", "b"})->kept, 2U);
}

TEST_F(EventGateTest, NothingIsTakenWhileItIsShut) {
  gate_.shut("The log does not fit its store.");
  EXPECT_EQ(append({"a"}).error(),
            (Error{ErrorCode::unavailable, "The log does not fit its store."}));
  schema::Event event;
  event.set_run_key(run_);
  event.mutable_cancel_request();
  EXPECT_EQ(append(event).error().code, ErrorCode::unavailable);
  gate_.shut("");
  EXPECT_TRUE(append({"a"}).ok());
  EXPECT_EQ(kept(), std::vector<std::string>{"a"});
}

TEST_F(EventGateTest, ARunHasABudgetASecondThatItsOwnEventsDoNotNeed) {
  const std::vector<std::string> much(18, std::string(1'900'000, 'x'));  // more than 32 MiB
  EXPECT_TRUE(append(much).ok());
  EXPECT_EQ(append({"a"}).error().code, ErrorCode::too_many_requests);
  EXPECT_TRUE(append({"a"}, From::source).ok());
  schema::Event event;
  event.set_run_key(run_);
  event.mutable_cancel_request();
  EXPECT_TRUE(append(event).ok());
  loop_.set_clock_by(-3'600'000'000);  // nobody's hour goes by
  EXPECT_EQ(append({"a"}).error().code, ErrorCode::too_many_requests);
  loop_.advance(1'000'000);
  EXPECT_TRUE(append({"a"}).ok());
}

TEST_F(EventGateTest, AnEventOfItsOwnIsCheckedToo) {
  schema::Event event;
  event.set_run_key("no key");
  event.mutable_cancel_request();
  EXPECT_EQ(append(event).error().code, ErrorCode::invalid_argument);
  event.set_run_key(run_);
  EXPECT_TRUE(append(event).ok());
  log_.bad = {event.SerializeAsString()};
  EXPECT_EQ(append(event).error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace telltale::collect
