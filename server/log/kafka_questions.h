// KafkaQuestions: what blocks in librdkafka (bounds, offsets of groups), asked on a few threads.
// Any thread may ask; each question answers for itself. Owned by the Kafka log.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "log/kafka_client.h"
#include "ports/log.h"

namespace telltale::log {

class KafkaQuestions {
 public:
  KafkaQuestions();
  ~KafkaQuestions();

  // Called with whether there is still time to ask: where brokers are away, close() cannot wait for
  // all of them.
  using Question = UniqueFunction<void(bool there_is_time)>;

  // False: closed, or kKafkaQuestions wait; the question is gone unasked.
  bool ask(Question question);
  // Those that wait are asked first, for kKafkaCloseMs at most. Idempotent.
  void close();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> questions_;
  bool closed_ = false;
  std::chrono::steady_clock::time_point close_by_{};
  std::vector<std::thread> threads_;
};

// Each blocks, for kKafkaAnswerMs at most. Topics and groups by Kafka's own names.
Result<ports::Bounds> ask_bounds(rd_kafka_t* client, const ports::Partition& partition,
                                 const KafkaHealth& health);
Result<std::optional<LogOffset>> ask_committed(rd_kafka_t* client, const std::string& group,
                                               const ports::Partition& partition,
                                               const KafkaHealth& health);
// For a group without members. `unavailable` where it has some.
Status commit_for_group(rd_kafka_t* client, const std::string& group,
                        const ports::Partition& partition, LogOffset next,
                        const KafkaHealth& health);
// By a member of its group.
Status commit_as_member(rd_kafka_t* member, const ports::Partition& partition, LogOffset next,
                        const KafkaHealth& health);

}  // namespace telltale::log
