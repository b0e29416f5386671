// What the component tests of Kafka share: the broker they were given, logs on it whose topics are
// their own, and one that is skipped where there is none.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "log/kafka_log.h"

namespace telltale::component {

// host:port of a broker; empty: none was started.
inline std::string kafka_address() {
  const char* address = std::getenv("TELLTALE_KAFKA");
  return address == nullptr ? "" : address;
}

// Names that no other test and no earlier run has used.
inline std::string new_prefix() {
  static std::atomic<int> count = 0;
  static const std::string start =
      std::to_string(::getpid()) + "-" + std::to_string(::time(nullptr));
  return "test-" + start + "-" + std::to_string(++count) + ".";
}

inline std::string kafka_url(const std::string& address, const std::string& prefix,
                             const std::string& more = "") {
  return "kafka://" + address + "?telltale.prefix=" + prefix + more;
}

inline log::KafkaLogOptions with_topics(const std::map<std::string, int>& topics) {
  log::KafkaLogOptions options;
  options.topics.clear();
  for (const auto& [name, count] : topics) options.topics[name] = {.partitions = count};
  return options;
}

}  // namespace telltale::component

// In a test: skips it, with what to do about it.
#define NEEDS_KAFKA()                                 \
  if (::telltale::component::kafka_address().empty()) \
  GTEST_SKIP() << "needs a Kafka broker; `make test COMPONENTS=all` installs and starts one"
