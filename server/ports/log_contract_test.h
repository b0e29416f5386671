// What ports/log.h promises, for every implementation: instantiate LogContract with makers of them.
// Included by one .cc of a test program. Calls are made on a loop, answers awaited on the test's
// thread.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "ports/log_asker_test.h"
#include "ports/log_member_test.h"
#include "runtime/asio_runtime.h"

namespace telltale::ports {

struct LogMaker {
  std::string name;
  std::function<std::shared_ptr<Log>(Runtime& loop, const std::map<std::string, int>& topics)> make;
};

// For gtest's messages and names.
inline void PrintTo(const LogMaker& maker, std::ostream* out) { *out << maker.name; }
inline std::string name_of_maker(const testing::TestParamInfo<LogMaker>& info) {
  return info.param.name;
}

class LogContract : public testing::TestWithParam<LogMaker> {
 protected:
  ~LogContract() override {
    asker_.close();
    loop_.join();
  }

  const Partition one_{"one", 0};
  runtime::AsioRuntime loop_{"contract"};
  std::shared_ptr<Log> log_ = GetParam().make(loop_, {{"one", 1}, {"four", 4}});
  LogAsker asker_{loop_, *log_};
};

TEST_P(LogContract, OffsetsGrowByOneFromZeroAndAreReadBack) {
  const std::vector<Record> records = numbered(0, 5);
  const auto first = asker_.append("one", {records.begin(), records.begin() + 3});
  const auto second = asker_.append("one", {records.begin() + 3, records.end()});
  ASSERT_TRUE(first.ok() && second.ok());
  std::vector<Appended::Place> places = first->places;
  places.insert(places.end(), second->places.begin(), second->places.end());
  const auto read = asker_.read(one_, 0);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(places.size(), 5U);
  ASSERT_EQ(read->size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(places[i], (Appended::Place{0, LogOffset{i}}));
    EXPECT_EQ((*read)[i], (StoredRecord{LogOffset{i}, records[i]}));
  }
}

TEST_P(LogContract, AKeyHasOnePartitionAndKeepsItsOrderThere) {
  std::vector<Record> records;
  for (int i = 0; i < 100; ++i)
    records.push_back({"key" + std::to_string(i % 13), std::to_string(i), i});
  const auto appended = asker_.append("four", records);
  ASSERT_TRUE(appended.ok());
  ASSERT_EQ(appended->places.size(), records.size());
  std::map<int, std::vector<StoredRecord>> expected;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Appended::Place& place = appended->places[i];
    EXPECT_EQ(place.partition, log_->partition_of("four", records[i].key));
    EXPECT_EQ(to_number(place.offset), expected[place.partition].size());
    expected[place.partition].push_back({place.offset, records[i]});
  }
  EXPECT_GT(expected.size(), 1U);
  for (const auto& [number, wanted] : expected) {
    const auto read = asker_.read({"four", number}, 0);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, wanted);
  }
}

TEST_P(LogContract, ManyAppendsAtOnceAreEachWholeAndWithoutHoles) {
  std::vector<std::future<Result<Appended>>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(asker_.start_append("one", numbered(3 * i, 3)));
  std::map<LogOffset, std::string> expected;
  for (int i = 0; i < 50; ++i) {
    const auto appended = answers[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(appended.ok());
    ASSERT_EQ(appended->places.size(), 3U);
    for (int k = 0; k < 3; ++k) {
      expected[appended->places[static_cast<std::size_t>(k)].offset] = std::to_string(3 * i + k);
    }
    EXPECT_LT(appended->places[0].offset, appended->places[1].offset);
    EXPECT_LT(appended->places[1].offset, appended->places[2].offset);
  }
  const auto read = asker_.read(one_, 0);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->size(), 150U);
  ASSERT_EQ(expected.size(), 150U);
  for (std::size_t i = 0; i < read->size(); ++i) {
    EXPECT_EQ((*read)[i].offset, LogOffset{i});
    EXPECT_EQ((*read)[i].record.value, expected.at(LogOffset{i}));
  }
}

TEST_P(LogContract, AnyBytesAreKept) {
  const std::vector<Record> records = {{"", "", 0},
                                       {std::string("\0k\xff", 3), std::string("\0\xfe\n", 3), -7},
                                       {"key", std::string(1U << 20, '\xaa'), 1}};
  const auto appended = asker_.append("one", records);
  ASSERT_TRUE(appended.ok()) << appended.error().message;
  const auto read = asker_.read(one_, 0);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ((*read)[i].record, records[i]);
}

TEST_P(LogContract, AnAppendOfNothingIsAnswered) {
  const auto appended = asker_.append("one", {});
  ASSERT_TRUE(appended.ok());
  EXPECT_TRUE(appended->places.empty());
  EXPECT_EQ(*asker_.bounds(one_), Bounds{});
}

TEST_P(LogContract, AReadKeepsToItsLimitsButReturnsAtLeastOne) {
  ASSERT_TRUE(asker_.append("one", numbered(0, 10)).ok());
  const auto two = asker_.read(one_, 4, {.records_max = 2});
  ASSERT_TRUE(two.ok());
  ASSERT_EQ(two->size(), 2U);
  EXPECT_EQ((*two)[0].offset, LogOffset{4});
  EXPECT_EQ((*two)[1].offset, LogOffset{5});
  const auto tight = asker_.read(one_, 7, {.bytes_max = 1});
  ASSERT_TRUE(tight.ok());
  ASSERT_EQ(tight->size(), 1U);
  EXPECT_EQ((*tight)[0].record.value, "7");
}

TEST_P(LogContract, AReadAtTheTailIsEmptyAtOnceOrWhenItsWaitRunsOut) {
  ASSERT_TRUE(asker_.append("one", numbered(0, 1)).ok());
  for (const std::int64_t wait_us : {0, 3'000}) {
    const auto read = asker_.read(one_, 1, {.wait_us = wait_us});
    ASSERT_TRUE(read.ok());
    EXPECT_TRUE(read->empty());
  }
}

TEST_P(LogContract, AnAppendWakesThoseWhoWaitForIt) {
  const ReadLimits long_wait{.wait_us = 600'000'000};
  auto next = asker_.start_read(one_, 0, long_wait);
  auto also_next = asker_.start_read(one_, 0, long_wait);
  auto later = asker_.start_read(one_, 2, long_wait);
  ASSERT_TRUE(asker_.append("one", numbered(0, 1)).ok());
  for (auto* waiting : {&next, &also_next}) {
    const auto read = waiting->get();
    ASSERT_TRUE(read.ok());
    ASSERT_EQ(read->size(), 1U);
    EXPECT_EQ((*read)[0].record.value, "0");
  }
  ASSERT_TRUE(asker_.append("one", numbered(1, 1)).ok());
  ASSERT_TRUE(asker_.append("one", numbered(2, 1)).ok());
  const auto read = later.get();
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ((*read)[0].offset, LogOffset{2});
}

TEST_P(LogContract, BoundsAreOfTheOldestAndTheNext) {
  EXPECT_EQ(*asker_.bounds(one_), (Bounds{LogOffset{0}, LogOffset{0}}));
  ASSERT_TRUE(asker_.append("one", numbered(0, 3)).ok());
  EXPECT_EQ(*asker_.bounds(one_), (Bounds{LogOffset{0}, LogOffset{3}}));
}

TEST_P(LogContract, ALaterCommitReplacesAnEarlierOneOfItsGroupAndPartition) {
  EXPECT_EQ(*asker_.committed("fold", one_), std::nullopt);
  ASSERT_TRUE(asker_.commit("fold", one_, 7).ok());
  ASSERT_TRUE(asker_.commit("other", one_, 1).ok());
  ASSERT_TRUE(asker_.commit("fold", {"four", 2}, 2).ok());
  EXPECT_EQ(*asker_.committed("fold", one_), LogOffset{7});
  ASSERT_TRUE(asker_.commit("fold", one_, 5).ok());
  EXPECT_EQ(*asker_.committed("fold", one_), LogOffset{5});
  EXPECT_EQ(*asker_.committed("other", one_), LogOffset{1});
  EXPECT_EQ(*asker_.committed("fold", {"four", 2}), LogOffset{2});
  EXPECT_EQ(*asker_.committed("fold", {"four", 3}), std::nullopt);
}

TEST_P(LogContract, TheOnlyMemberOfAGroupHoldsEveryPartition) {
  TestMember member(loop_, *log_, "fold", "four");
  EXPECT_EQ(member.wait_for_count(4), (std::set<int>{0, 1, 2, 3}));
  TestMember of_another_group(loop_, *log_, "other", "four");
  EXPECT_EQ(of_another_group.wait_for_count(4), (std::set<int>{0, 1, 2, 3}));
  EXPECT_EQ(member.held().size(), 4U);
}

TEST_P(LogContract, ASecondMemberTakesItsShareAndLeavesItBehind) {
  TestMember first(loop_, *log_, "fold", "four");
  first.wait_for_count(4);
  std::set<int> all;
  {
    TestMember second(loop_, *log_, "fold", "four");
    all = second.wait_for_count(2);
    all.merge(first.wait_for_count(2));
    EXPECT_EQ(all, (std::set<int>{0, 1, 2, 3}));
  }
  EXPECT_EQ(first.wait_for_count(4), all);
}

TEST_P(LogContract, APartitionMovesOnlyAfterItsReleaseAndCarriesItsCommit) {
  TestMember first(loop_, *log_, "fold", "four", TestMember::Releases::when_told);
  first.wait_for_count(4);
  TestMember second(loop_, *log_, "fold", "four");
  first.wait_until_asked();
  EXPECT_TRUE(second.held().empty());
  for (int number = 0; number < 4; ++number) {
    // What a holder does last: another one's first question is where it came to.
    ASSERT_TRUE(asker_.commit("fold", {"four", number}, 7).ok());
  }
  EXPECT_TRUE(second.held().empty());
  first.release();
  for (const int number : second.wait_for_count(2)) {
    EXPECT_EQ(first.held().count(number), 0U);
    EXPECT_EQ(*asker_.committed("fold", {"four", number}), LogOffset{7});
  }
  EXPECT_EQ(first.held().size(), 2U);
}

TEST_P(LogContract, MoreMembersThanPartitionsAreSpares) {
  TestMember first(loop_, *log_, "fold", "one");
  first.wait_for_count(1);
  TestMember spare(loop_, *log_, "fold", "one");
  first.leave();
  spare.wait_for_count(1);
}

TEST_P(LogContract, WhatIsForgottenMayGoAndTheRestStays) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(asker_.append("one", numbered(i, 1)).ok());
  ASSERT_TRUE(asker_.forget(one_, 3).ok());
  const auto bounds = asker_.bounds(one_);
  EXPECT_LE(bounds->begin, LogOffset{3});
  EXPECT_EQ(bounds->end, LogOffset{5});
  const auto read = asker_.read(one_, 3);
  ASSERT_TRUE(read.ok());
  ASSERT_FALSE(read->empty());
  EXPECT_EQ(read->front(), (StoredRecord{LogOffset{3}, numbered(3, 1)[0]}));
  // Who asks for what is gone gets what is there.
  const auto all = asker_.read(one_, 0);
  ASSERT_TRUE(all.ok());
  ASSERT_FALSE(all->empty());
  EXPECT_LE(all->front().offset, LogOffset{3});
  ASSERT_TRUE(asker_.forget(one_, 5).ok());
  const auto appended = asker_.append("one", numbered(5, 1));
  ASSERT_TRUE(appended.ok());
  EXPECT_EQ(appended->places[0].offset, LogOffset{5});
}

TEST_P(LogContract, WhereNothingIsInTheWayItSaysSo) {
  EXPECT_TRUE(asker_.check().ok());
  asker_.close();
  EXPECT_EQ(asker_.check().error().code, ErrorCode::closed);
}

TEST_P(LogContract, WhatIsNoTopicOrPartitionIsNotFound) {
  EXPECT_EQ(asker_.forget({"one", 1}, 0).error().code, ErrorCode::not_found);
  EXPECT_EQ(asker_.append("none", numbered(0, 1)).error().code, ErrorCode::not_found);
  EXPECT_EQ(asker_.read({"none", 0}, 0).error().code, ErrorCode::not_found);
  EXPECT_EQ(asker_.read({"one", 1}, 0).error().code, ErrorCode::not_found);
  EXPECT_EQ(asker_.bounds({"four", 4}).error().code, ErrorCode::not_found);
  EXPECT_EQ(log_->partition_count("four"), 4);
}

TEST_P(LogContract, CloseAnswersWhatIsUnderWayAndThenClosed) {
  auto waiting = asker_.start_read({"four", 0}, 0, {.wait_us = 600'000'000});
  auto accepted = asker_.start_append("one", numbered(0, 2));
  asker_.close();
  asker_.close();
  EXPECT_EQ(waiting.get().error().code, ErrorCode::closed);
  EXPECT_TRUE(accepted.get().ok());
  EXPECT_EQ(asker_.append("one", numbered(0, 1)).error().code, ErrorCode::closed);
  EXPECT_EQ(asker_.read(one_, 0).error().code, ErrorCode::closed);
  EXPECT_EQ(asker_.bounds(one_).error().code, ErrorCode::closed);
  EXPECT_EQ(asker_.commit("fold", one_, 1).error().code, ErrorCode::closed);
  EXPECT_EQ(asker_.committed("fold", one_).error().code, ErrorCode::closed);
}

}  // namespace telltale::ports
