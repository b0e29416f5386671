// KafkaLane: one consumer without a group that fetches at one position a partition. Positions
// beyond that need another lane. Lives on the reader's thread; librdkafka's own threads fetch.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "log/kafka_client.h"
#include "log/kafka_cursor.h"

namespace telltale::log {

class KafkaLane {
 public:
  struct Arrived {
    ports::Partition partition;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    ports::StoredRecord record;  // if there is no error
  };

  // Writes to `wake_fd` (an eventfd) when something arrived. Topics by Kafka's own names.
  static Result<std::unique_ptr<KafkaLane>> open(const KafkaConfig& config, KafkaHealth& health,
                                                 int wake_fd);
  ~KafkaLane();

  // From its end on, if it is not fetching.
  rd_kafka_resp_err_t start(const ports::Partition& partition, KafkaCursor& cursor);
  void stop(const ports::Partition& partition, KafkaCursor& cursor);
  // Next to be appended, as of the last fetch; none before the first.
  std::optional<LogOffset> end_of(const ports::Partition& partition) const;
  // Some of what arrived; none: that was all.
  std::vector<Arrived> arrived();

  std::map<ports::Partition, KafkaCursor> cursors;

 private:
  explicit KafkaLane(KafkaHandle client);
  rd_kafka_topic_t* topic(const std::string& name);

  KafkaHandle client_;
  KafkaQueue queue_;
  std::map<std::string, KafkaTopicHandle> topics_;
};

}  // namespace telltale::log
