#include "component/kafka_cluster.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "log/kafka_client.h"

namespace telltale::component {
namespace {

bool is_set(const char* name, std::string_view to) {
  const char* value = std::getenv(name);
  return value != nullptr && to == value;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// A client of the operator's, and the queue of its answers.
struct Operator {
  explicit Operator(const std::string& brokers) {
    log::KafkaConfig config = log::KafkaConfig::parse("kafka://" + brokers).take();
    client = log::make_kafka_client(RD_KAFKA_PRODUCER, config.conf({}).take(), health).take();
    queue.reset(rd_kafka_queue_new(client.get()));
  }
  void wait() const {
    const log::KafkaEvent event(rd_kafka_queue_poll(queue.get(), 60'000));
    CHECK(event != nullptr && rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR_NO_ERROR,
          "Kafka did not do it");
  }
  log::KafkaHealth health;
  log::KafkaHandle client;
  log::KafkaQueue queue;
};

}  // namespace

bool KafkaCluster::can_be_had() { return std::getenv("TELLTALE_KAFKA") != nullptr; }

bool KafkaCluster::must_be_had() { return is_set("CI", "true") || has_time(); }

bool has_time() { return is_set("COMPONENTS", "all"); }

KafkaCluster& KafkaCluster::shared() {
  static KafkaCluster cluster(1);
  return cluster;
}

KafkaCluster::KafkaCluster(int brokers) : count_(brokers) { start(); }

KafkaCluster::~KafkaCluster() {
  for (int number = 1; number <= count_; ++number) kill(number);
}

void KafkaCluster::start() {
  const std::string answer = folder_.path() + "/address";
  const std::string command =
      fmt::format("python3 '{}/tests/component/kafka.py' start '{}' --brokers {} > '{}'",
                  TELLTALE_SOURCE_DIR, folder_.path(), count_, answer);
  CHECK(std::system(command.c_str()) == 0, "Kafka does not start: {}", command);
  brokers_ = first_line(answer);
}

pid_t KafkaCluster::pid(int number) const {
  return std::atoi(first_line(fmt::format("{}/broker-{}/pid", folder_.path(), number)).c_str());
}

// A broker is nobody's child here: it is gone when its number is.
void KafkaCluster::kill(int number) {
  const pid_t broker = pid(number);
  if (broker <= 0) return;
  while (::kill(broker, SIGKILL) == 0) ::usleep(10'000);
}

void KafkaCluster::freeze(int number) { ::kill(pid(number), SIGSTOP); }

void KafkaCluster::thaw(int number) { ::kill(pid(number), SIGCONT); }

std::string KafkaCluster::sasl_brokers() const { return first_line(folder_.path() + "/sasl"); }

std::string KafkaCluster::ca_file() const { return folder_.path() + "/ca.pem"; }

std::string KafkaCluster::url(const std::string& prefix, const std::string& more) const {
  return fmt::format("kafka://{}?telltale.prefix={}{}", brokers_, prefix, more);
}

void KafkaCluster::delete_topic(const std::string& name) const {
  const Operator the(brokers_);
  rd_kafka_DeleteTopic_t* topic = rd_kafka_DeleteTopic_new(name.c_str());
  rd_kafka_DeleteTopics(the.client.get(), &topic, 1, nullptr, the.queue.get());
  rd_kafka_DeleteTopic_destroy(topic);
  the.wait();
}

void KafkaCluster::delete_records(const std::string& topic, int partition,
                                  std::int64_t before) const {
  const Operator the(brokers_);
  const log::KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = before;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list.get());
  rd_kafka_DeleteRecords(the.client.get(), &request, 1, nullptr, the.queue.get());
  rd_kafka_DeleteRecords_destroy(request);
  the.wait();
}

std::string new_prefix() {
  static std::atomic<int> count = 0;
  static const std::string start = fmt::format("test-{}-{}", ::getpid(), std::time(nullptr));
  return fmt::format("{}-{}.", start, ++count);
}

log::KafkaLogOptions with_topics(const std::map<std::string, int>& topics) {
  log::KafkaLogOptions options;
  options.topics.clear();
  for (const auto& [name, count] : topics) options.topics[name] = {.partitions = count};
  return options;
}

}  // namespace telltale::component
