// Brokers that freeze, stop and die while records are appended. What was acknowledged is there
// afterwards, each sender's records in their order; what was refused was refused in time and may be
// sent again.
#include <gmock/gmock.h>

#include <thread>

#include "component/kafka_cluster.h"
#include "ports/log_asker_test.h"
#include "runtime/asio_runtime.h"

namespace telltale::component {
namespace {

using ports::LogAsker;
using ports::Record;

// Senders append numbered records, one batch at a time each, and send a batch again until it is
// acknowledged: as the SDK does.
class Senders {
 public:
  static constexpr int kSenders = 4;
  static constexpr int kBatch = 25;

  Senders(LogAsker& asker) {
    for (int i = 0; i < kSenders; ++i) threads_.emplace_back([this, &asker, i] { run(asker, i); });
  }
  // Batches acknowledged by now, of all senders.
  int acknowledged() const { return acknowledged_; }
  int refused() const { return refused_; }
  void wait_for_more(int batches) const {
    const int until = acknowledged_ + batches;
    while (acknowledged_ < until) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  // Ends when each sender's batch under way is acknowledged. Records sent by sender.
  std::vector<int> stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    return sent_;
  }

 private:
  void run(LogAsker& asker, int sender) {
    const std::string key = "sender-" + std::to_string(sender);
    int next = 0;
    while (!stopping_) {
      while (true) {
        const auto appended = asker.append("events", ports::numbered(next, kBatch, key));
        if (appended.ok()) break;
        ++refused_;
        EXPECT_TRUE(appended.error().code == ErrorCode::unavailable ||
                    appended.error().code == ErrorCode::too_many_requests)
            << appended.error().message;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
      next += kBatch;
      ++acknowledged_;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    sent_[static_cast<std::size_t>(sender)] = next;
  }

  std::atomic<bool> stopping_ = false;
  std::atomic<int> acknowledged_ = 0;
  std::atomic<int> refused_ = 0;
  std::vector<int> sent_ = std::vector<int>(kSenders);
  std::vector<std::thread> threads_;
};

// A broker that has just come back may still be choosing a leader: `unavailable` is then the right
// answer, and asking again what a reader does.
Result<ports::Bounds> bounds_once_led(LogAsker& asker, const ports::Partition& partition) {
  auto bounds = asker.bounds(partition);
  for (int tries = 0; !bounds.ok() && tries < 60; ++tries) {
    if (bounds.error().code != ErrorCode::unavailable) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    bounds = asker.bounds(partition);
  }
  return bounds;
}

// All is there, and a sender's record never stands before the first sight of one sent earlier: a
// repeat may follow, a hole may not. That is what lets the fold drop repeats by a high-water mark.
void check_all_there(LogAsker& asker, ports::Log& log, const std::vector<int>& sent) {
  std::map<std::string, int> next;
  int refused = 0;  // reads, while a leader was being chosen
  for (int number = 0; number < log.partition_count("events"); ++number) {
    const auto bounds = bounds_once_led(asker, {"events", number});
    ASSERT_TRUE(bounds.ok()) << bounds.error().message;
    for (LogOffset at = bounds->begin; at < bounds->end;) {
      const auto read = asker.read({"events", number}, to_number(at), {.wait_us = 30'000'000});
      if (!read.ok() && read.error().code == ErrorCode::unavailable) {
        ASSERT_LT(++refused, 60) << read.error().message;
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        continue;
      }
      ASSERT_TRUE(read.ok()) << read.error().message;
      ASSERT_FALSE(read->empty());
      for (const ports::StoredRecord& stored : *read) {
        int& expected = next[stored.record.key];
        const int value = std::stoi(stored.record.value);
        ASSERT_LE(value, expected) << "a hole in what " << stored.record.key << " sent";
        if (value == expected) ++expected;
      }
      at = telltale::next(read->back().offset);
    }
  }
  for (int i = 0; i < Senders::kSenders; ++i)
    EXPECT_GE(next["sender-" + std::to_string(i)], sent[static_cast<std::size_t>(i)]);
}

class KafkaFaults : public testing::Test {
 protected:
  void SetUp() override { NEEDS_KAFKA(); }
  ~KafkaFaults() override { loop_.join(); }

  std::unique_ptr<ports::Log> open(const KafkaCluster& cluster, int partitions) {
    auto opened =
        log::open_kafka_log(cluster.url(new_prefix()), with_topics({{"events", partitions}}));
    CHECK(opened.ok(), "{}", opened.error().message);
    return opened.take();
  }

  runtime::AsioRuntime loop_{"component"};
};

TEST_F(KafkaFaults, AFrozenBrokerIsUnavailableInTimeAndNothingIsLost) {
  KafkaCluster& cluster = KafkaCluster::shared();
  const auto log = open(cluster, 2);
  LogAsker asker(loop_, *log);
  Senders senders(asker);
  senders.wait_for_more(20);
  cluster.freeze(1);
  while (senders.refused() < 8 * Senders::kSenders)  // the first in time, the next ones at once
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  cluster.thaw(1);
  senders.wait_for_more(20);
  check_all_there(asker, *log, senders.stop());
  log->close();
}

TEST_F(KafkaFaults, ABrokerThatIsAwayForHalfAMinuteCostsNothingAcknowledged) {
  NEEDS_TIME();
  KafkaCluster cluster(1);
  const auto log = open(cluster, 4);
  LogAsker asker(loop_, *log);
  Senders senders(asker);
  senders.wait_for_more(100);
  cluster.kill(1);
  std::this_thread::sleep_for(std::chrono::seconds(30));
  EXPECT_GT(senders.refused(), 0);
  EXPECT_EQ(asker.bounds({"events", 0}).error().code, ErrorCode::unavailable);
  cluster.start();
  senders.wait_for_more(100);
  check_all_there(asker, *log, senders.stop());
  log->close();
}

TEST_F(KafkaFaults, AnyOneOfThreeBrokersMayDieWhileRecordsAreAppended) {
  NEEDS_TIME();
  KafkaCluster cluster(3);
  const auto log = open(cluster, 6);
  LogAsker asker(loop_, *log);
  Senders senders(asker);
  for (int number = 1; number <= 3; ++number) {
    senders.wait_for_more(100);
    cluster.kill(number);
    senders.wait_for_more(200);  // the other two go on
    cluster.start();
  }
  senders.wait_for_more(100);
  check_all_there(asker, *log, senders.stop());
  log->close();
}

TEST_F(KafkaFaults, NoBrokerAtTheStartIsASentence) {
  NEEDS_TIME();
  const auto opened = log::open_kafka_log("kafka://127.0.0.1:1");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  EXPECT_THAT(opened.error().message, testing::HasSubstr("Connection refused"));
}

}  // namespace
}  // namespace telltale::component
