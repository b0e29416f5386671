// The log of many machines: Kafka, through librdkafka. Topics are made where they are missing. Any
// thread may call the log; answers are posted home. Owned by `main`. Its own threads: one that
// appends, one that reads, two for questions that block, one for each membership.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ports/jobs_topic.h"
#include "ports/log.h"

namespace telltale::log {

struct KafkaTopic {
  int partitions = 1;      // of a topic that is made; one that exists keeps its own count
  bool compacted = false;  // only the newest record of each key is kept
};

using AddKafkaHeader = std::function<void(std::string_view name, std::string_view value)>;

struct KafkaLogOptions {
  std::map<std::string, KafkaTopic> topics = {
      {ports::kEventsTopic, {.partitions = 24}},
      {ports::kRunsTopic, {.partitions = 1, .compacted = true}},
      {ports::kSourcesTopic, {.partitions = 24, .compacted = true}},
      {ports::kJobsTopic, {.partitions = 1}}};
  // Adds a record's headers beside `ce_time`, which the log writes itself. Called on the thread
  // that appends; must know every topic. None: no other headers.
  std::function<void(const std::string& topic, const ports::Record&, const AddKafkaHeader&)>
      describe;
};

// `url`: kafka://host[:port][,host[:port]...][?name=value&...]. A name that starts with "telltale."
// is one of ours (docs/operate.md lists them); all others are librdkafka's properties, passed on.
// invalid_argument: the url, a property or the credentials; unavailable: no broker answers. Blocks
// until the topics are known, for 10 seconds at most.
Result<std::unique_ptr<ports::Log>> open_kafka_log(const std::string& url,
                                                   KafkaLogOptions options = {});

// The url as it may be shown and logged: without the values of its properties.
std::string kafka_url_without_secrets(const std::string& url);

}  // namespace telltale::log
