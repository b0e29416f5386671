// What the parts of the Kafka log share: librdkafka's objects owned, a client made from a
// configuration, what was last heard of the brokers, and errors as the port's codes and a sentence.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <mutex>
#include <string>

#include "log/kafka_config.h"

namespace telltale::log {

template <auto kFree>
struct KafkaFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using KafkaHandle = std::unique_ptr<rd_kafka_t, KafkaFree<rd_kafka_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaFree<rd_kafka_queue_destroy>>;
using KafkaTopicHandle = std::unique_ptr<rd_kafka_topic_t, KafkaFree<rd_kafka_topic_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaFree<rd_kafka_event_destroy>>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                        KafkaFree<rd_kafka_topic_partition_list_destroy>>;
using KafkaErrorPtr = std::unique_ptr<rd_kafka_error_t, KafkaFree<rd_kafka_error_destroy>>;

// The last complaint of any client, for the sentence of an error. Any thread.
class KafkaHealth {
 public:
  void note(std::string complaint);
  std::string complaint() const;
  // The brokers answered and refused the credentials.
  bool refused() const;

 private:
  mutable std::mutex mutex_;
  std::string complaint_;
  bool refused_ = false;
};

// `health` outlives the client; its complaints go there, none is printed.
Result<KafkaHandle> make_kafka_client(rd_kafka_type_t type, KafkaConf conf, KafkaHealth& health);

// `health` tells why, where the code alone does not.
Error kafka_error(rd_kafka_resp_err_t code, const std::string& topic, const KafkaHealth& health);
// No broker answered in time.
Error kafka_is_away(const KafkaHealth& health);

}  // namespace telltale::log
