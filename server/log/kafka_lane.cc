#include "log/kafka_lane.h"

#include <array>
#include <cerrno>

#include "log/kafka_limits.h"
#include "log/kafka_time.h"

namespace telltale::log {
namespace {

constexpr std::size_t kTakenAtOnce = 1'000;  // messages, between looks at who waits

const KafkaConfig::Properties kDefaults = {
    // News are sent at once; an idle fetch ends soon, so that another partition can join it.
    {"fetch.min.bytes", "1"},
    {"fetch.wait.max.ms", std::to_string(kKafkaFetchWaitMs)},
    {"fetch.error.backoff.ms", "50"},
    // librdkafka 2.0 sleeps for a second when these are reached. The reader takes everything off at
    // once and stops a position that is full, so that they never are.
    {"queued.min.messages", "10000000"},
    {"queued.max.messages.kbytes", "262144"},
    {"enable.auto.commit", "false"},
    {"enable.partition.eof", "false"},
    {"auto.offset.reset", "error"},
};

ports::StoredRecord stored(const rd_kafka_message_t& message) {
  ports::StoredRecord out;
  out.offset = LogOffset{static_cast<std::uint64_t>(message.offset)};
  if (message.key != nullptr)
    out.record.key.assign(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr)
    out.record.value.assign(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  const void* time = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
      rd_kafka_header_get_last(headers, "ce_time", &time, &size) == RD_KAFKA_RESP_ERR_NO_ERROR &&
      time != nullptr) {
    if (const auto us = from_rfc3339({static_cast<const char*>(time), size})) {
      out.record.timestamp_us = *us;
      return out;
    }
  }
  out.record.timestamp_us = rd_kafka_message_timestamp(&message, nullptr) * 1000;
  return out;
}

}  // namespace

Result<std::unique_ptr<KafkaLane>> KafkaLane::open(const KafkaConfig& config, KafkaHealth& health,
                                                   int wake_fd) {
  Result<KafkaConf> conf = config.conf(kDefaults);
  if (!conf.ok()) return conf.error();
  Result<KafkaHandle> client = make_kafka_client(RD_KAFKA_CONSUMER, conf.take(), health);
  if (!client.ok()) return client.error();
  std::unique_ptr<KafkaLane> lane(new KafkaLane(client.take()));
  const std::uint64_t one = 1;  // librdkafka keeps a copy
  rd_kafka_queue_io_event_enable(lane->queue_.get(), wake_fd, &one, sizeof one);
  return lane;
}

KafkaLane::KafkaLane(KafkaHandle client)
    : client_(std::move(client)), queue_(rd_kafka_queue_new(client_.get())) {}

KafkaLane::~KafkaLane() {
  for (auto& [partition, cursor] : cursors) stop(partition, cursor);
  rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0);
}

rd_kafka_topic_t* KafkaLane::topic(const std::string& name) {
  KafkaTopicHandle& handle = topics_[name];
  if (handle == nullptr) handle.reset(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
  return handle.get();
}

rd_kafka_resp_err_t KafkaLane::start(const ports::Partition& partition, KafkaCursor& cursor) {
  if (cursor.fetching) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const auto from = static_cast<std::int64_t>(to_number(cursor.end()));
  if (rd_kafka_consume_start_queue(topic(partition.topic), partition.number, from, queue_.get()) !=
      0) {
    return rd_kafka_last_error();
  }
  cursor.fetching = true;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void KafkaLane::stop(const ports::Partition& partition, KafkaCursor& cursor) {
  if (!cursor.fetching) return;
  rd_kafka_consume_stop(topic(partition.topic), partition.number);
  cursor.fetching = false;
}

std::optional<LogOffset> KafkaLane::end_of(const ports::Partition& partition) const {
  std::int64_t low = 0;
  std::int64_t high = 0;
  const auto code = rd_kafka_get_watermark_offsets(client_.get(), partition.topic.c_str(),
                                                   partition.number, &low, &high);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) return std::nullopt;
  return LogOffset{static_cast<std::uint64_t>(high)};
}

std::vector<KafkaLane::Arrived> KafkaLane::arrived() {
  std::array<rd_kafka_message_t*, kTakenAtOnce> messages;
  const ssize_t count =
      rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data(), messages.size());
  std::vector<Arrived> out;
  for (ssize_t i = 0; i < count; ++i) {
    const std::unique_ptr<rd_kafka_message_t, KafkaFree<rd_kafka_message_destroy>> message(
        messages[static_cast<std::size_t>(i)]);
    if (message->rkt == nullptr) continue;  // about no partition: KafkaHealth has it
    Arrived one;
    one.partition = {rd_kafka_topic_name(message->rkt), message->partition};
    one.code = message->err;
    if (one.code == RD_KAFKA_RESP_ERR_NO_ERROR) one.record = stored(*message);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace telltale::log
