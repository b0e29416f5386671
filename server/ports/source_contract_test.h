// What ports/source.h promises, for every implementation: instantiate SourceContract with makers of
// them. Included by one .cc of a test program. Calls are made on a loop, answers awaited on the
// test's thread. Facts of these tests have no line ends, which some sources part them by.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/ids.h"
#include "ports/await_test.h"
#include "ports/source.h"
#include "runtime/asio_runtime.h"

namespace telltale::ports {

// A source and the world it reads, which the test changes from its own thread.
class SourceWorld {
 public:
  using Facts = std::vector<std::string>;

  virtual ~SourceWorld() = default;
  virtual Source& source() = 0;
  virtual void add(const Facts& facts) = 0;
  // Of what was there nothing is left, and these are.
  virtual void replace(const Facts& facts) = 0;
  // Who read is gone, another process reads.
  virtual void reopen() = 0;
};

struct SourceMaker {
  std::string name;
  std::function<std::unique_ptr<SourceWorld>(Runtime& loop)> make;
};

// For gtest's messages and names.
inline void PrintTo(const SourceMaker& maker, std::ostream* out) { *out << maker.name; }
inline std::string name_of_source(const testing::TestParamInfo<SourceMaker>& info) {
  return info.param.name;
}

inline SourceWorld::Facts bytes_of(const std::vector<Item>& items) {
  SourceWorld::Facts facts;
  for (const Item& item : items) facts.push_back(item.bytes);
  return facts;
}

class SourceContract : public testing::TestWithParam<SourceMaker> {
 protected:
  using Facts = SourceWorld::Facts;

  ~SourceContract() override {
    close();
    loop_.join();
  }

  std::future<Result<SourceBatch>> start_read(const std::string& from, SourceLimits limits = {}) {
    return ask<Result<SourceBatch>>(loop_, [this, from, limits](auto done) {
      world_->source().read(from, limits, std::move(done));
    });
  }
  Result<SourceBatch> read(const std::string& from, SourceLimits limits = {}) {
    return start_read(from, limits).get();
  }
  // Everything after `from`, batch by batch.
  std::vector<Item> read_all(std::string from, SourceLimits limits = {}) {
    std::vector<Item> items;
    while (true) {
      Result<SourceBatch> batch = read(from, limits);
      EXPECT_TRUE(batch.ok()) << batch.error().message;
      if (!batch.ok() || batch->items.empty()) return items;
      items.insert(items.end(), batch->items.begin(), batch->items.end());
      from = batch->position;
    }
  }
  void close() {
    ask<bool>(loop_, [this](auto done) {
      world_->source().close();
      done(true);
    }).get();
  }

  const SourceLimits long_wait_{.wait_us = 600'000'000};
  runtime::AsioRuntime loop_{"contract"};
  std::unique_ptr<SourceWorld> world_ = GetParam().make(loop_);
};

TEST_P(SourceContract, FactsComeInOrderWithoutAGapHoweverTheyAreParted) {
  const Facts facts = {"a", "bb", std::string("\0\xff\xfe", 3), "bb", "e"};
  world_->add(facts);
  EXPECT_EQ(bytes_of(read_all("")), facts);
  EXPECT_EQ(bytes_of(read_all("", {.items_max = 1})), facts);
  EXPECT_EQ(bytes_of(read_all("", {.items_max = 2})), facts);
  EXPECT_EQ(bytes_of(read_all("", {.bytes_max = 1})), facts);
}

TEST_P(SourceContract, ABatchKeepsToItsLimitsButHasAtLeastOne) {
  world_->add({"aaaa", "bbbb", "cccc", "dddd"});
  EXPECT_EQ(read("", {.items_max = 3})->items.size(), 3U);
  EXPECT_EQ(read("", {.bytes_max = 8})->items.size(), 2U);
  EXPECT_EQ(read("", {.bytes_max = 1})->items.size(), 1U);
}

TEST_P(SourceContract, AFactKeepsItsIdAndSharesItWithNoOther) {
  world_->add({"same", "same", "other"});
  const std::vector<Item> items = read_all("");
  EXPECT_EQ(read_all("", {.items_max = 1}), items);
  std::set<std::string> ids;
  for (const Item& item : items) {
    EXPECT_TRUE(is_id(item.id)) << item.id;
    EXPECT_EQ(item.size, item.bytes.size());
    ids.insert(item.id);
  }
  EXPECT_EQ(ids.size(), 3U);
}

TEST_P(SourceContract, APositionIsGoodForAnotherReaderAndAnEarlierOneStillIs) {
  world_->add({"a", "b", "c"});
  const std::string first = read("", {.items_max = 1})->position;
  const std::string second = read(first, {.items_max = 1})->position;
  const std::vector<Item> before = read_all(first);
  world_->reopen();
  world_->add({"d"});
  EXPECT_EQ(bytes_of(read_all(second)), (Facts{"c", "d"}));
  std::vector<Item> after = read_all(first);
  ASSERT_EQ(after.size(), 3U);
  after.pop_back();
  EXPECT_EQ(after, before);
}

TEST_P(SourceContract, AReadAtTheEndIsEmptyAtOnceOrWhenItsWaitRunsOut) {
  for (const std::int64_t wait_us : {0, 3'000}) {
    const auto nothing = read("", {.wait_us = wait_us});
    ASSERT_TRUE(nothing.ok());
    EXPECT_TRUE(nothing->items.empty());
  }
  world_->add({"a"});
  const std::string end = read("")->position;
  for (const std::int64_t wait_us : {0, 3'000}) {
    const auto nothing = read(end, {.wait_us = wait_us});
    ASSERT_TRUE(nothing.ok());
    EXPECT_TRUE(nothing->items.empty());
    EXPECT_EQ(nothing->position, end);
  }
}

TEST_P(SourceContract, NewsWakeWhoWaits) {
  auto first = start_read("", long_wait_);
  world_->add({"a"});
  const auto batch = first.get();
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(bytes_of(batch->items), Facts{"a"});
  auto second = start_read(batch->position, long_wait_);
  world_->add({"b"});
  EXPECT_EQ(bytes_of(second.get()->items), Facts{"b"});
}

TEST_P(SourceContract, AFactTooLargeComesAsItsFirstBytesAmongWholeNeighbours) {
  world_->add({"a", "0123456789" + std::string(100'000, 'x'), "b"});
  const std::vector<Item> items = read_all("", {.bytes_max = 50, .item_bytes_max = 10});
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].bytes, "a");
  EXPECT_EQ(items[1].bytes, "0123456789");
  EXPECT_EQ(items[1].size, 100'010U);
  EXPECT_EQ(items[2].bytes, "b");
}

TEST_P(SourceContract, APositionThatLeadsNowhereHasExpiredAndTheBeginningIsRead) {
  world_->add({"a", "b", "c"});
  const std::string old = read("")->position;
  world_->replace({"d", "e"});
  EXPECT_EQ(read(old).error().code, ErrorCode::expired);
  EXPECT_EQ(bytes_of(read_all("")), (Facts{"d", "e"}));
  EXPECT_EQ(read(old).error().code, ErrorCode::expired);
  for (const char* nonsense : {"nonsense", ":", "-1:", "7:7:7", "99999999999999999999:x"})
    EXPECT_EQ(read(nonsense).error().code, ErrorCode::expired) << nonsense;
}

TEST_P(SourceContract, WhoWaitsIsToldThatItsPositionExpires) {
  world_->add({"a", "b", "c"});
  auto waiting = start_read(read("")->position, long_wait_);
  world_->replace({"d"});
  EXPECT_EQ(waiting.get().error().code, ErrorCode::expired);
}

TEST_P(SourceContract, CloseAnswersWhatIsUnderWayAndThenClosed) {
  auto waiting = start_read("", long_wait_);
  close();
  close();
  EXPECT_EQ(waiting.get().error().code, ErrorCode::closed);
  EXPECT_EQ(read("").error().code, ErrorCode::closed);
}

}  // namespace telltale::ports
