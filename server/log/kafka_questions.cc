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

// While a partition is new, its leader changes, or a group's coordinator is being found.
bool passes(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS: return true;
    default: return false;
  }
}

// Asks (a time-out in ms) -> code, again while what it meets passes by itself.
template <typename Ask>
Status ask_until_answered(Ask ask, const std::string& topic, const KafkaHealth& health) {
  const auto until = Clock::now() + Ms(kKafkaAnswerMs);
  while (true) {
    const auto left = std::chrono::ceil<Ms>(until - Clock::now()).count();
    const rd_kafka_resp_err_t code = ask(static_cast<int>(std::max<std::int64_t>(left, 1)));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Done{};
    if (!passes(code) || Clock::now() >= until) return kafka_error(code, topic, health);
    std::this_thread::sleep_for(kAgainGap);
  }
}

KafkaPartitions list_of(const ports::Partition& partition, std::int64_t offset) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number)->offset =
      offset;
  return list;
}

Options options_of(rd_kafka_t* client, rd_kafka_admin_op_t operation, int timeout_ms) {
  Options options(rd_kafka_AdminOptions_new(client, operation));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, nullptr, 0);
  return options;
}

// A client that follows no topic keeps to the leader it knew until it asks for the topic anew.
void look_for_leaders(rd_kafka_t* client, const std::string& topic, int timeout_ms) {
  const KafkaTopicHandle handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client, 0, handle.get(), &metadata, timeout_ms) ==
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_metadata_destroy(metadata);
  }
}

// By way of the times of records: librdkafka 2.0's own question for the watermarks waits without an
// end while a leader is known and away.
rd_kafka_resp_err_t find_offset(rd_kafka_t* client, const ports::Partition& partition,
                                std::int64_t which, int timeout_ms, std::int64_t* offset) {
  const KafkaPartitions list = list_of(partition, which);
  rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client, list.get(), timeout_ms);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = list->elems[0].err;
  if (code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)
    look_for_leaders(client, partition.topic, timeout_ms);
  *offset = list->elems[0].offset;
  return code;
}

// The one partition of the one group of an answer, or its error.
rd_kafka_resp_err_t offset_in(const rd_kafka_group_result_t** groups, std::size_t count,
                              std::int64_t* offset) {
  if (count != 1) return RD_KAFKA_RESP_ERR__BAD_MSG;
  if (const rd_kafka_error_t* error = rd_kafka_group_result_error(groups[0]))
    return rd_kafka_error_code(error);
  const auto* partitions = rd_kafka_group_result_partitions(groups[0]);
  if (partitions == nullptr || partitions->cnt != 1) return RD_KAFKA_RESP_ERR__BAD_MSG;
  *offset = partitions->elems[0].offset;
  return partitions->elems[0].err;
}

// The answer to an operation on one group, or the code of its failure.
rd_kafka_resp_err_t wait_for(rd_kafka_queue_t* queue, int timeout_ms, KafkaEvent* answer) {
  // The request ends by its own time-out; the poll's is only a net below it.
  answer->reset(rd_kafka_queue_poll(queue, timeout_ms + kKafkaAnswerMs));
  return *answer == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(answer->get());
}

rd_kafka_resp_err_t list_offset(rd_kafka_t* client, const std::string& group,
                                const ports::Partition& partition, int timeout_ms,
                                std::int64_t* offset) {
  const KafkaPartitions list = list_of(partition, RD_KAFKA_OFFSET_INVALID);
  rd_kafka_ListConsumerGroupOffsets_t* request =
      rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get());
  const Options options =
      options_of(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeout_ms);
  const KafkaQueue queue(rd_kafka_queue_new(client));
  rd_kafka_ListConsumerGroupOffsets(client, &request, 1, options.get(), queue.get());
  rd_kafka_ListConsumerGroupOffsets_destroy(request);
  KafkaEvent event;
  const rd_kafka_resp_err_t code = wait_for(queue.get(), timeout_ms, &event);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
  std::size_t count = 0;
  const auto groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  return offset_in(groups, count, offset);
}

rd_kafka_resp_err_t alter_offset(rd_kafka_t* client, const std::string& group,
                                 const ports::Partition& partition, std::int64_t next,
                                 int timeout_ms) {
  const KafkaPartitions list = list_of(partition, next);
  rd_kafka_AlterConsumerGroupOffsets_t* request =
      rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get());
  const Options options =
      options_of(client, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, timeout_ms);
  const KafkaQueue queue(rd_kafka_queue_new(client));
  rd_kafka_AlterConsumerGroupOffsets(client, &request, 1, options.get(), queue.get());
  rd_kafka_AlterConsumerGroupOffsets_destroy(request);
  KafkaEvent event;
  const rd_kafka_resp_err_t code = wait_for(queue.get(), timeout_ms, &event);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
  std::size_t count = 0;
  const auto groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
  std::int64_t offset = 0;
  return offset_in(groups, count, &offset);
}

}  // namespace

KafkaQuestions::KafkaQuestions() {
  for (int i = 0; i < kKafkaQuestionThreads; ++i) threads_.emplace_back([this] { run(); });
}

KafkaQuestions::~KafkaQuestions() { close(); }

bool KafkaQuestions::ask(Question question) {
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
    Question question = std::move(questions_.front());
    questions_.pop_front();
    const bool there_is_time = !closed_ || Clock::now() < close_by_;
    lock.unlock();
    question(there_is_time);
    lock.lock();
  }
}

void KafkaQuestions::close() {
  {
    std::lock_guard lock(mutex_);
    if (!closed_) close_by_ = Clock::now() + Ms(kKafkaCloseMs);
    closed_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Result<ports::Bounds> ask_bounds(rd_kafka_t* client, const ports::Partition& partition,
                                 const KafkaHealth& health) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  const Status answered = ask_until_answered(
      [&](int timeout_ms) {
        const auto code =
            find_offset(client, partition, RD_KAFKA_OFFSET_BEGINNING, timeout_ms, &low);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
        return find_offset(client, partition, RD_KAFKA_OFFSET_END, timeout_ms, &high);
      },
      partition.topic, health);
  if (!answered.ok()) return answered.error();
  return ports::Bounds{LogOffset{static_cast<std::uint64_t>(low)},
                       LogOffset{static_cast<std::uint64_t>(high)}};
}

Result<std::optional<LogOffset>> ask_committed(rd_kafka_t* client, const std::string& group,
                                               const ports::Partition& partition,
                                               const KafkaHealth& health) {
  std::int64_t offset = 0;
  const Status answered = ask_until_answered(
      [&](int timeout_ms) { return list_offset(client, group, partition, timeout_ms, &offset); },
      partition.topic, health);
  if (!answered.ok()) return answered.error();
  if (offset < 0) return std::optional<LogOffset>();
  return std::optional(LogOffset{static_cast<std::uint64_t>(offset)});
}

Status commit_for_group(rd_kafka_t* client, const std::string& group,
                        const ports::Partition& partition, LogOffset next,
                        const KafkaHealth& health) {
  const auto offset = static_cast<std::int64_t>(to_number(next));
  return ask_until_answered(
      [&](int timeout_ms) { return alter_offset(client, group, partition, offset, timeout_ms); },
      partition.topic, health);
}

Status commit_as_member(rd_kafka_t* member, const ports::Partition& partition, LogOffset next,
                        const KafkaHealth& health) {
  const KafkaPartitions list = list_of(partition, static_cast<std::int64_t>(to_number(next)));
  return ask_until_answered(
      [&](int timeout_ms) {
        const KafkaQueue queue(rd_kafka_queue_new(member));
        const auto code = rd_kafka_commit_queue(member, list.get(), queue.get(), nullptr, nullptr);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
        const KafkaEvent event(rd_kafka_queue_poll(queue.get(), timeout_ms));
        return event == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event.get());
      },
      partition.topic, health);
}

}  // namespace telltale::log
