#include "log/kafka_config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "log/kafka_log.h"
#include "ports/await_test.h"

namespace telltale::log {
namespace {

std::string value_of(const KafkaConfig& config, const std::string& name) {
  char value[256];
  std::size_t size = sizeof value;
  const KafkaConf conf = config.conf({{"linger.ms", "7"}}).take();
  if (rd_kafka_conf_get(conf.get(), name.c_str(), value, &size) != RD_KAFKA_CONF_OK) return "none";
  return value;
}

TEST(KafkaConfig, BrokersOursAndLibrdkafkasProperties) {
  const auto config = KafkaConfig::parse(
      "kafka://a:19092,b,[::1]?telltale.prefix=x.&telltale.partitions=6&telltale.replication=2&"
      "telltale.retention.ms=1000&sasl.username=me&sasl.password=p%26%3d+%zz&linger.ms=9");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->brokers, "a:19092,b:9092,[::1]:9092");
  EXPECT_EQ(config->prefix, "x.");
  EXPECT_EQ(config->partitions, 6);
  EXPECT_EQ(config->replication, 2);
  EXPECT_EQ(config->retention_ms, 1000);
  EXPECT_EQ(value_of(*config, "sasl.username"), "me");
  EXPECT_EQ(value_of(*config, "sasl.password"), "p&=+%zz");
  EXPECT_EQ(value_of(*config, "linger.ms"), "9");  // the user's word over ours
  EXPECT_EQ(value_of(*config, "bootstrap.servers"), "a:19092,b:9092,[::1]:9092");
}

TEST(KafkaConfig, AFileKeepsSecretsOutOfTheCommandLine) {
  const ports::TemporaryFolder folder;
  const std::string path = folder.path() + "/kafka.conf";
  std::ofstream(path) << "# to the cluster\n\n sasl.password = in the = file \r\n"
                      << "client.id=one\ntelltale.partitions=3\ngroup.instance.id=fold-1\n";
  const auto config = KafkaConfig::parse("kafka://a?telltale.file=" + path + "&client.id=two");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(value_of(*config, "sasl.password"), "in the = file");
  EXPECT_EQ(value_of(*config, "client.id"), "two");
  EXPECT_EQ(config->partitions, 3);
  EXPECT_EQ(config->instance, "fold-1");
}

TEST(KafkaConfig, WhatIsWrongIsSaidWithoutItsValue) {
  const ports::TemporaryFolder folder;
  std::ofstream(folder.path() + "/bad.conf") << "just words\n";
  const std::pair<std::string, std::string> cases[] = {
      {"http://a", "kafka://"},
      {"kafka://", "kafka://host:port"},
      {"kafka://user:hunter2@a:1", "sasl.username"},
      {"kafka://a?telltale.partitions=hunter2", "telltale.partitions"},
      {"kafka://a?telltale.partitions=0", "above 0"},
      {"kafka://a?telltale.unknown=hunter2", "There is no telltale.unknown"},
      {"kafka://a?sasl.passwort=hunter2", "no property sasl.passwort"},
      {"kafka://a?acks=hunter2", "property acks"},
      {"kafka://a?novalue", "no value"},
      {"kafka://a?telltale.file=/none/there", "cannot be read"},
      {"kafka://a?telltale.file=" + folder.path() + "/bad.conf", "bad.conf:1"},
  };
  for (const auto& [url, word] : cases) {
    const auto config = KafkaConfig::parse(url);
    ASSERT_FALSE(config.ok()) << url;
    EXPECT_EQ(config.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(config.error().message.find(word), std::string::npos) << config.error().message;
    EXPECT_EQ(config.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(KafkaConfig, AUrlIsShownWithoutValues) {
  EXPECT_EQ(kafka_url_without_secrets("kafka://a:1,b:2"), "kafka://a:1,b:2");
  EXPECT_EQ(kafka_url_without_secrets("kafka://a?sasl.password=hunter2&acks=all"),
            "kafka://a?sasl.password=…&acks=…");
}

}  // namespace
}  // namespace telltale::log
