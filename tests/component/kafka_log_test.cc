// The log on a real Kafka, beyond the contract: positions far apart, what expired, what an operator
// does to a topic, credentials, static members.
#include <gmock/gmock.h>

#include "component/kafka_cluster.h"
#include "ports/log_asker_test.h"
#include "ports/log_member_test.h"
#include "runtime/asio_runtime.h"

namespace telltale::component {
namespace {

using ports::LogAsker;
using ports::Partition;
using ports::Record;
using testing::HasSubstr;
using testing::Not;

class KafkaLog : public testing::Test {
 protected:
  void SetUp() override { NEEDS_KAFKA(); }
  ~KafkaLog() override { loop_.join(); }

  std::unique_ptr<ports::Log> open(const std::map<std::string, int>& topics,
                                   const std::string& more = "") {
    auto opened =
        log::open_kafka_log(KafkaCluster::shared().url(prefix_, more), with_topics(topics));
    CHECK(opened.ok(), "{}", opened.error().message);
    return opened.take();
  }

  // By the brokers' other listener, as operate.md tells. `more` begins with '&'.
  Result<std::unique_ptr<ports::Log>> open_over_tls(const std::string& password,
                                                    const std::string& more) {
    return log::open_kafka_log("kafka://" + KafkaCluster::shared().sasl_brokers() +
                                   "?telltale.prefix=" + prefix_ +
                                   "&security.protocol=sasl_ssl&sasl.mechanism=PLAIN"
                                   "&sasl.username=telltale&sasl.password=" +
                                   password + more,
                               with_topics({{"events", 1}}));
  }

  static std::string trust() { return "&ssl.ca.location=" + KafkaCluster::shared().ca_file(); }

  const std::string prefix_ = new_prefix();
  runtime::AsioRuntime loop_{"component"};
};

// Reads `count` records from `from` on, in as many answers as it takes.
std::vector<std::string> read_values(LogAsker& asker, const Partition& partition,
                                     std::uint64_t from, std::size_t count) {
  std::vector<std::string> values;
  while (values.size() < count) {
    const auto read = asker.read(partition, from, {.wait_us = 30'000'000});
    if (!read.ok() || read->empty()) break;
    for (const ports::StoredRecord& stored : *read) values.push_back(stored.record.value);
    from = to_number(next(read->back().offset));
  }
  return values;
}

TEST_F(KafkaLog, ReadersFarApartEachGetEveryRecordOnce) {
  const auto log = open({{"events", 1}});
  LogAsker asker(loop_, *log);
  constexpr int kRecords = 30'000;
  const std::string padding(1'000, 'x');
  for (int i = 0; i < kRecords; i += 1'000) {
    std::vector<Record> batch = ports::numbered(i, 1'000);
    for (Record& record : batch) record.value += padding;
    ASSERT_TRUE(asker.append("events", std::move(batch)).ok());
  }
  // More positions than are fetched at at once, in steps that leave each behind the others.
  struct Reader {
    std::uint64_t next;
    std::future<LogAsker::Records> answer;
  };
  std::vector<Reader> readers;
  for (const std::uint64_t from : {0U, 5'000U, 12'000U, 18'000U, 23'000U, 29'999U})
    readers.push_back({from, {}});
  const ports::ReadLimits limits{.records_max = 3'000, .wait_us = 30'000'000};
  for (bool more = true; more;) {
    more = false;
    for (Reader& reader : readers) {
      if (reader.next < kRecords)
        reader.answer = asker.start_read({"events", 0}, reader.next, limits);
    }
    for (Reader& reader : readers) {
      if (!reader.answer.valid()) continue;
      const auto read = reader.answer.get();
      ASSERT_TRUE(read.ok()) << read.error().message;
      ASSERT_FALSE(read->empty());
      for (const ports::StoredRecord& stored : *read) {
        ASSERT_EQ(stored.offset, LogOffset{reader.next});
        ASSERT_EQ(stored.record.value, std::to_string(reader.next) + padding);
        ++reader.next;
      }
      more = true;
    }
  }
  log->close();
}

TEST_F(KafkaLog, WhatExpiredIsPassedOver) {
  const auto log = open({{"events", 1}});
  LogAsker asker(loop_, *log);
  ASSERT_TRUE(asker.append("events", ports::numbered(0, 10)).ok());
  KafkaCluster::shared().delete_records(prefix_ + "events", 0, 6);
  EXPECT_EQ(asker.bounds({"events", 0})->begin, LogOffset{6});
  EXPECT_THAT(read_values(asker, {"events", 0}, 0, 4), testing::ElementsAre("6", "7", "8", "9"));
  EXPECT_THAT(read_values(asker, {"events", 0}, 3, 4), testing::ElementsAre("6", "7", "8", "9"));
  log->close();
}

TEST_F(KafkaLog, ATopicDeletedByMistakeIsASentenceUntilItIsMadeAnew) {
  const auto log = open({{"events", 2}});
  LogAsker asker(loop_, *log);
  ASSERT_TRUE(asker.append("events", ports::numbered(0, 8)).ok());
  KafkaCluster::shared().delete_topic(prefix_ + "events");
  // First it goes on for a moment, then what is under way fails, then the reason is known.
  const auto is_told = [&](const Result<ports::Appended>& answer) {
    if (answer.ok()) return false;
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    return answer.error().message.find("no topic " + prefix_ + "events any more") !=
           std::string::npos;
  };
  auto appended = asker.append("events", ports::numbered(8, 1));
  while (!is_told(appended)) appended = asker.append("events", ports::numbered(8, 1));
  const int number = log->partition_of("events", "key");
  const auto read = asker.read({"events", number}, 8, {.wait_us = 1'000'000});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::unavailable);
  EXPECT_THAT(read.error().message, HasSubstr("no topic"));

  const auto other = open({{"events", 2}});  // a server that starts
  while (!(appended = asker.append("events", ports::numbered(0, 1))).ok()) {
    ASSERT_EQ(appended.error().code, ErrorCode::unavailable) << appended.error().message;
  }
  EXPECT_THAT(read_values(asker, {"events", number}, 0, 1), testing::ElementsAre("0"));
  // Who knows more than there is now is told so, not left waiting.
  const auto beyond = asker.read({"events", number}, 8, {.wait_us = 300'000});
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code, ErrorCode::corrupt);
  EXPECT_THAT(beyond.error().message, HasSubstr("made anew"));
  other->close();
  log->close();
}

TEST_F(KafkaLog, WrongCredentialsAreASentenceWithoutThem) {
  const auto refused = open_over_tls("hunter2", trust());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("Kafka refuses this client"));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("hunter2")));
}

TEST_F(KafkaLog, OverTlsWithAPasswordItReadsWhatItAppends) {
  auto log = open_over_tls("secret", trust());
  ASSERT_TRUE(log.ok()) << log.error().message;
  LogAsker asker(loop_, **log);
  ASSERT_TRUE(asker.append("events", ports::numbered(0, 3)).ok());
  EXPECT_THAT(read_values(asker, {"events", 0}, 0, 3), testing::SizeIs(3));
  (*log)->close();
}

TEST_F(KafkaLog, ABrokerThatNobodyVouchesForIsRefusedWithASentence) {
  const auto refused = open_over_tls("secret", "");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("certificate verify failed"));
}

TEST_F(KafkaLog, ARecordLargerThanTheTopicTakesIsRefusedAlone) {
  const auto log = open({{"events", 1}});
  LogAsker asker(loop_, *log);
  const auto refused = asker.append("events", {{"key", std::string(3U << 20, 'x'), 1}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  EXPECT_TRUE(asker.append("events", ports::numbered(0, 1)).ok());
  log->close();
}

TEST_F(KafkaLog, AFullQueueIsRefusedAndKeepsNothing) {
  const auto log = open({{"events", 1}});
  LogAsker asker(loop_, *log);
  KafkaCluster::shared().freeze(1);
  std::vector<std::future<Result<ports::Appended>>> accepted;
  for (int i = 0; i < 17; ++i) {
    std::vector<Record> batch;
    for (int k = 0; k < 4; ++k) batch.push_back({"key", std::string(1U << 20, 'x'), 1});
    accepted.push_back(asker.start_append("events", std::move(batch)));
  }
  // The last one found the queue full and is answered while nothing else can be.
  const auto refused = accepted.back().get();
  accepted.pop_back();
  KafkaCluster::shared().thaw(1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::too_many_requests);
  for (auto& answer : accepted) answer.wait();
  log->close();
}

// A static member keeps its place over a restart, and yet hands over at once when it leaves.
TEST_F(KafkaLog, AStaticMemberThatLeavesHandsOver) {
  const auto one = open({{"events", 4}}, "&group.instance.id=fold-1");
  const auto two = open({{"events", 4}}, "&group.instance.id=fold-2");
  ports::TestMember first(loop_, *one, "fold", "events");
  first.wait_for_count(4);
  ports::TestMember second(loop_, *two, "fold", "events");
  second.wait_for_count(2);
  first.leave();
  second.wait_for_count(4);
  second.leave();
  one->close();
  two->close();
}

}  // namespace
}  // namespace telltale::component
