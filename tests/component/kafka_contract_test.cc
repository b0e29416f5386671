// The contract of ports/log.h on a real broker.
#include "ports/log_contract_test.h"
#include "tests/component/kafka_broker_test.h"

namespace telltale::ports {
namespace {

std::shared_ptr<Log> kafka_log(Runtime&, const std::map<std::string, int>& topics) {
  return log::open_kafka_log(
             component::kafka_url(component::kafka_address(), component::new_prefix()),
             component::with_topics(topics))
      .take();
}

INSTANTIATE_TEST_SUITE_P(Every, LogContract, testing::Values(LogMaker{"Kafka", kafka_log}),
                         name_of_maker);

}  // namespace
}  // namespace telltale::ports
