#include "log/kafka_questions.h"

#include <algorithm>
#include <chrono>

#include "log/kafka_limits.h"

namespace telltale::log {
namespace {

using Clock = std::chrono::steady_clock;
using Ms = std::chrono::milliseconds;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, KafkaFree<rd_kafka_AdminOptions_destroy>>;

constexpr Ms kAgainGap(20);

KafkaPartitions list_of(const ports::Partition& partition, std::int64_t offset) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number)->offset =
      offset;
  return list;
}

Options options_of(rd_kafka_t* client, rd_kafka_admin_op_t operation) {
  Options options(rd_kafka_AdminOptions_new(client, operation));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kKafkaAnswerMs, nullptr, 0);
  return options;
}

// The one partition of the one group of an answer, or its error.
Result<std::int64_t> offset_in(const rd_kafka_group_result_t** groups, std::size_t count,
                               const std::string& topic, const KafkaHealth& health) {
  if (count != 1) return kafka_is_away(health);
  if (const rd_kafka_error_t* error = rd_kafka_group_result_error(groups[0]))
    return kafka_error(rd_kafka_error_code(error), topic, health);
  const auto* partitions = rd_kafka_group_result_partitions(groups[0]);
  if (partitions == nullptr || partitions->cnt != 1) return kafka_is_away(health);
  if (partitions->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return kafka_error(partitions->elems[0].err, topic, health);
  return partitions->elems[0].offset;
}

}  // namespace

KafkaQuestions::KafkaQuestions() {
  for (int i = 0; i < kKafkaQuestionThreads; ++i) threads_.emplace_back([this] { run(); });
}

KafkaQuestions::~KafkaQuestions() { close(); }

bool KafkaQuestions::ask(UniqueFunction<void()> question) {
  std::lock_guard lock(mutex_);
  if (closed_ || questions_.size() >= kKafkaQuestions) return false;
  questions_.push_back(std::move(question));
  changed_.notify_one();
  return true;
}

void KafkaQuestions::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return closed_ || !questions_.empty(); });
    if (questions_.empty()) return;
    UniqueFunction<void()> question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    question();
    lock.lock();
  }
}

void KafkaQuestions::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Result<ports::Bounds> ask_bounds(rd_kafka_t* client, const ports::Partition& partition,
                                 const KafkaHealth& health) {
  const auto until = Clock::now() + Ms(kKafkaAnswerMs);
  while (true) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto left = std::chrono::ceil<Ms>(until - Clock::now()).count();
    const auto code =
        rd_kafka_query_watermark_offsets(client, partition.topic.c_str(), partition.number, &low,
                                         &high, static_cast<int>(std::max<std::int64_t>(left, 1)));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      return ports::Bounds{LogOffset{static_cast<std::uint64_t>(low)},
                           LogOffset{static_cast<std::uint64_t>(high)}};
    }
    // While a partition is new or its leader changes.
    const bool passes = code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                        code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
                        code == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE;
    if (!passes || Clock::now() >= until) return kafka_error(code, partition.topic, health);
    std::this_thread::sleep_for(kAgainGap);
  }
}

Result<std::optional<LogOffset>> ask_committed(rd_kafka_t* client, const std::string& group,
                                               const ports::Partition& partition,
                                               const KafkaHealth& health) {
  const KafkaPartitions list = list_of(partition, RD_KAFKA_OFFSET_INVALID);
  rd_kafka_ListConsumerGroupOffsets_t* request =
      rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get());
  const KafkaQueue queue(rd_kafka_queue_new(client));
  rd_kafka_ListConsumerGroupOffsets(
      client, &request, 1, options_of(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS).get(),
      queue.get());
  rd_kafka_ListConsumerGroupOffsets_destroy(request);
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), 2 * kKafkaAnswerMs));
  if (event == nullptr) return kafka_is_away(health);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return kafka_error(code, partition.topic, health);
  std::size_t count = 0;
  const auto groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  const Result<std::int64_t> offset = offset_in(groups, count, partition.topic, health);
  if (!offset.ok()) return offset.error();
  if (offset.value() < 0) return std::optional<LogOffset>();
  return std::optional(LogOffset{static_cast<std::uint64_t>(offset.value())});
}

Status commit_for_group(rd_kafka_t* client, const std::string& group,
                        const ports::Partition& partition, LogOffset next,
                        const KafkaHealth& health) {
  const KafkaPartitions list = list_of(partition, static_cast<std::int64_t>(to_number(next)));
  rd_kafka_AlterConsumerGroupOffsets_t* request =
      rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get());
  const KafkaQueue queue(rd_kafka_queue_new(client));
  rd_kafka_AlterConsumerGroupOffsets(
      client, &request, 1, options_of(client, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS).get(),
      queue.get());
  rd_kafka_AlterConsumerGroupOffsets_destroy(request);
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), 2 * kKafkaAnswerMs));
  if (event == nullptr) return kafka_is_away(health);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return kafka_error(code, partition.topic, health);
  std::size_t count = 0;
  const auto groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
  const Result<std::int64_t> offset = offset_in(groups, count, partition.topic, health);
  if (!offset.ok()) return offset.error();
  return Done{};
}

Status commit_as_member(rd_kafka_t* member, const ports::Partition& partition, LogOffset next,
                        const KafkaHealth& health) {
  const KafkaPartitions list = list_of(partition, static_cast<std::int64_t>(to_number(next)));
  const auto code = rd_kafka_commit(member, list.get(), 0);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(code, partition.topic, health);
  return Done{};
}

}  // namespace telltale::log
