// KafkaProducer: appends to Kafka. One thread of its own hands records to librdkafka (idempotent,
// acks=all) and hears where they went. It never gives a record up by itself: what is queued goes
// out in its order when the brokers are back, so that no failed append leaves a hole. Any thread
// may append; answers are posted home. Owned by the Kafka log.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "log/kafka_client.h"
#include "log/kafka_log.h"

namespace telltale::log {

class KafkaProducer {
 public:
  using Describe = decltype(KafkaLogOptions::describe);
  using Answer = ports::Completion<Result<ports::Appended>>;

  // `health` outlives this.
  static Result<std::unique_ptr<KafkaProducer>> open(const KafkaConfig& config, Describe describe,
                                                     KafkaHealth& health);
  ~KafkaProducer();

  // `partitions` has a number for each record. too_large and too_many_requests keep nothing; after
  // `unavailable` a beginning of what each partition was given may be kept, or come to be.
  void append(std::string topic, std::vector<ports::Record> records, std::vector<int> partitions,
              Answer done);
  // Appends what was accepted, within kKafkaCloseMs. Idempotent.
  void close();

 private:
  struct State;
  explicit KafkaProducer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace telltale::log
