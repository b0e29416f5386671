// The log on a real Kafka: what every log promises.
#include "component/kafka_cluster.h"
#include "ports/log_contract_test.h"

namespace telltale::ports {
namespace {

std::shared_ptr<Log> kafka_log(Runtime&, const std::map<std::string, int>& topics) {
  auto opened = log::open_kafka_log(component::KafkaCluster::shared().url(component::new_prefix()),
                                    component::with_topics(topics));
  CHECK(opened.ok(), "{}", opened.error().message);
  return opened.take();
}

std::vector<LogMaker> makers() {
  if (!component::KafkaCluster::can_be_had()) return {};
  return {LogMaker{"Kafka", kafka_log}};
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LogContract);
INSTANTIATE_TEST_SUITE_P(Component, LogContract, testing::ValuesIn(makers()), name_of_maker);

TEST(KafkaContract, IsTested) { NEEDS_KAFKA(); }

}  // namespace
}  // namespace telltale::ports
