// The topics of a Kafka log: made where they are missing, their partitions counted.
#pragma once

#include <map>
#include <string>

#include "log/kafka_client.h"
#include "log/kafka_log.h"

namespace telltale::log {

// Partitions by topic, under the names the program has for them. Blocks, for `kKafkaOpenMs` at
// most.
Result<std::map<std::string, int>> ensure_kafka_topics(
    rd_kafka_t* client, const KafkaConfig& config, const std::map<std::string, KafkaTopic>& topics,
    const KafkaHealth& health);

}  // namespace telltale::log
