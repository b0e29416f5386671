// What a broker can say to a producer and seldom does, said by librdkafka's own pretended brokers;
// all else is tested on real ones (tests/component).
#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "log/kafka_client.h"
#include "log/kafka_log.h"
#include "ports/log_asker_test.h"
#include "runtime/asio_runtime.h"

namespace telltale::log {
namespace {

using MockCluster =
    std::unique_ptr<rd_kafka_mock_cluster_t, KafkaFree<rd_kafka_mock_cluster_destroy>>;

constexpr std::int16_t kProduce = 0;  // the request's key in Kafka's protocol

class KafkaProducerErrors : public testing::Test {
 protected:
  ~KafkaProducerErrors() override { loop_.join(); }

  void answer_produce_with(rd_kafka_resp_err_t code) {
    rd_kafka_mock_push_request_errors_array(brokers_.get(), kProduce, 1, &code);
  }

  KafkaHealth health_;
  const KafkaHandle host_ =
      make_kafka_client(RD_KAFKA_PRODUCER, KafkaConf(rd_kafka_conf_new()), health_).take();
  const MockCluster brokers_{rd_kafka_mock_cluster_new(host_.get(), 1)};
  runtime::AsioRuntime loop_{"producer"};
};

TEST_F(KafkaProducerErrors, AfterAFatalOneItGoesOnWithANewIdentity) {
  rd_kafka_mock_topic_create(brokers_.get(), "events", 1, 1);
  KafkaLogOptions options;
  options.topics = {{"events", {}}};
  const auto log = open_kafka_log(
      std::string("kafka://") + rd_kafka_mock_cluster_bootstraps(brokers_.get()), options);
  ASSERT_TRUE(log.ok()) << log.error().message;
  ports::LogAsker asker(loop_, **log);
  ASSERT_TRUE(asker.append("events", ports::numbered(0, 1)).ok());

  answer_produce_with(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  const auto lost = asker.append("events", ports::numbered(1, 1));
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, ErrorCode::unavailable);

  // Not at once: until the new client is there it is refused again.
  Result<ports::Appended> again = lost;
  for (int i = 0; i < 100 && !again.ok(); ++i)
    again = asker.append("events", ports::numbered(1, 1));
  EXPECT_TRUE(again.ok()) << again.error().message;
  (*log)->close();
}

}  // namespace
}  // namespace telltale::log
