#include "log/kafka_topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "log/kafka_limits.h"

namespace telltale::log {
namespace {

using Clock = std::chrono::steady_clock;
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, KafkaFree<rd_kafka_metadata_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, KafkaFree<rd_kafka_NewTopic_destroy>>;

constexpr int kAskMs = 500;  // between looks at whether the brokers refused us

struct Cluster {
  int brokers = 0;
  std::map<std::string, int> partitions;  // of every topic there is
};

Result<Cluster> look(rd_kafka_t* client, Clock::time_point until, const KafkaHealth& health) {
  while (true) {
    const rd_kafka_metadata_t* raw = nullptr;
    const rd_kafka_resp_err_t code = rd_kafka_metadata(client, 1, nullptr, &raw, kAskMs);
    const Metadata metadata(raw);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      Cluster cluster;
      cluster.brokers = metadata->broker_cnt;
      for (int i = 0; i < metadata->topic_cnt; ++i) {
        const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
        if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR)
          cluster.partitions[topic.topic] = topic.partition_cnt;
      }
      return cluster;
    }
    if (health.refused()) {
      Error refused = kafka_is_away(health);
      refused.code = ErrorCode::invalid_argument;  // trying again does not mend it
      return refused;
    }
    if (Clock::now() >= until) return kafka_error(code, "", health);
  }
}

NewTopic new_topic(const std::string& name, const KafkaTopic& topic, const KafkaConfig& config,
                   int brokers) {
  const int partitions = name == config.prefix + ports::kEventsTopic && config.partitions > 0
                             ? config.partitions
                             : topic.partitions;
  const int replication = config.replication > 0 ? config.replication : std::clamp(brokers, 1, 3);
  char why[256];
  NewTopic made(rd_kafka_NewTopic_new(name.c_str(), partitions, replication, why, sizeof why));
  if (made == nullptr) return made;
  const auto set = [&](const char* key, const std::string& value) {
    rd_kafka_NewTopic_set_config(made.get(), key, value.c_str());
  };
  set("cleanup.policy", topic.compacted ? "compact" : "delete");
  set("max.message.bytes", std::to_string(kKafkaRecordBytes));
  if (config.retention_ms > 0 && !topic.compacted)
    set("retention.ms", std::to_string(config.retention_ms));
  // What was answered survives the loss of a broker; with two of three the log goes on.
  if (replication >= 3) set("min.insync.replicas", "2");
  return made;
}

Status create(rd_kafka_t* client, std::vector<NewTopic> topics, const KafkaHealth& health) {
  std::vector<rd_kafka_NewTopic_t*> raw;
  for (const NewTopic& topic : topics) raw.push_back(topic.get());
  const KafkaQueue queue(rd_kafka_queue_new(client));
  rd_kafka_CreateTopics(client, raw.data(), raw.size(), nullptr, queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kKafkaOpenMs));
  if (event == nullptr) return kafka_is_away(health);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return kafka_error(code, "new topics", health);
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    // Another server that starts may have been first.
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      continue;
    const char* why = rd_kafka_topic_result_error_string(results[i]);
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("Kafka does not make the topic {}: {}", rd_kafka_topic_result_name(results[i]),
                    why != nullptr ? why : rd_kafka_err2str(code))};
  }
  return Done{};
}

}  // namespace

Result<std::map<std::string, int>> ensure_kafka_topics(
    rd_kafka_t* client, const KafkaConfig& config, const std::map<std::string, KafkaTopic>& topics,
    const KafkaHealth& health) {
  const auto until = Clock::now() + std::chrono::milliseconds(kKafkaOpenMs);
  bool asked = false;
  while (true) {
    Result<Cluster> cluster = look(client, until, health);
    if (!cluster.ok()) return cluster.error();
    std::map<std::string, int> counts;
    std::vector<NewTopic> missing;
    for (const auto& [name, topic] : topics) {
      const auto found = cluster->partitions.find(config.prefix + name);
      if (found != cluster->partitions.end() && found->second > 0) {
        counts[name] = found->second;
        continue;
      }
      missing.push_back(new_topic(config.prefix + name, topic, config, cluster->brokers));
      if (missing.back() == nullptr)
        return Error{ErrorCode::invalid_argument,
                     fmt::format("Kafka cannot have a topic {}.", config.prefix + name)};
    }
    if (missing.empty()) return counts;
    if (Clock::now() >= until)
      return Error{ErrorCode::unavailable, "Kafka made the topics but does not show them yet."};
    if (!asked) {
      if (Status made = create(client, std::move(missing), health); !made.ok()) return made.error();
      asked = true;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // brokers tell each other
    }
  }
}

}  // namespace telltale::log
