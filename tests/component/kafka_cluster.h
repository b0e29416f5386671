// KafkaCluster: a real Kafka for a test, of one broker or more: on loopback, on ports and in a
// folder of its own, ended by its pids. Started by tests/component/kafka.py. Owned by the test that
// starts it; its data goes with it.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <map>
#include <string>

#include "log/kafka_log.h"
#include "ports/await_test.h"

namespace telltale::component {

class KafkaCluster {
 public:
  // Whether Kafka's jars are here (TELLTALE_KAFKA names their folder), and whether a run without
  // them is a failed one.
  static bool can_be_had();
  static bool must_be_had();
  // One broker for all tests that leave it as it was.
  static KafkaCluster& shared();

  explicit KafkaCluster(int brokers);
  ~KafkaCluster();
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  // What is not running, with the data it had.
  void start();
  void kill(int number);    // from 1; at once, as by a fault
  void freeze(int number);  // it listens and does not answer
  void thaw(int number);

  const std::string& brokers() const { return brokers_; }
  // Over TLS, with a user and a password: telltale, secret.
  std::string sasl_brokers() const;
  // The certificate that vouches for them.
  std::string ca_file() const;
  // A log of it whose topics have a prefix; `more` begins with '&'.
  std::string url(const std::string& prefix, const std::string& more = "") const;

  // What an operator does.
  void delete_topic(const std::string& name) const;
  void delete_records(const std::string& topic, int partition, std::int64_t before) const;

 private:
  pid_t pid(int number) const;

  ports::TemporaryFolder folder_;
  int count_;
  std::string brokers_;
};

// Names that no other test and no earlier run has used.
std::string new_prefix();

// COMPONENTS=all: tests that take minutes are wanted too.
bool has_time();

log::KafkaLogOptions with_topics(const std::map<std::string, int>& topics);

}  // namespace telltale::component

// In a test: skips it where there is no Kafka, or fails it where there must be one.
#define NEEDS_KAFKA()                                                          \
  do {                                                                         \
    if (::telltale::component::KafkaCluster::can_be_had()) break;              \
    const char* why =                                                          \
        "Kafka is not here: it needs openjdk-17-jre-headless, maven and "      \
        "Maven Central; tests/component/kafka.py fetch tells what is missing"; \
    if (::telltale::component::KafkaCluster::must_be_had()) FAIL() << why;     \
    GTEST_SKIP() << why;                                                       \
  } while (false)
// In a test that takes long: skips it unless all is asked for.
#define NEEDS_TIME()                                                      \
  do {                                                                    \
    if (!::telltale::component::has_time())                               \
      GTEST_SKIP() << "takes a minute; make test COMPONENTS=all runs it"; \
  } while (false)
