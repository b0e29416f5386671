// KafkaConfig: what a kafka:// URL and its file say, and librdkafka configurations made from that
// for each kind of client. Values may be secrets: they are passed on, never shown.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace telltale::log {

struct KafkaConfFree {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaConfFree>;

struct KafkaConfig {
  using Properties = std::vector<std::pair<std::string, std::string>>;

  std::string brokers;  // host:port, with commas between
  std::string prefix;   // before the name of every topic and group
  int partitions = 0;   // of the events topic if it is made; 0: as the program says
  int replication = 0;  // of topics that are made; 0: three, or as many as there are brokers
  std::int64_t retention_ms = 0;  // of topics that are made and not compacted; 0: the brokers' own
  std::string instance;           // group.instance.id: for members of groups alone
  Properties properties;          // librdkafka's, those of the file first

  static Result<KafkaConfig> parse(const std::string& url);

  // `defaults` first, then the user's properties over them.
  Result<KafkaConf> conf(const Properties& defaults) const;
};

}  // namespace telltale::log
