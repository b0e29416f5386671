// KafkaGroups: the memberships of this process, and commits by way of them. Any thread. Owned by
// the Kafka log.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "log/kafka_member.h"

namespace telltale::log {

class KafkaGroups {
 public:
  KafkaGroups(const KafkaConfig& config, KafkaHealth& health);
  ~KafkaGroups();

  // `group` and `topic` as the program calls them.
  std::unique_ptr<ports::Membership> join(const std::string& group, const std::string& topic,
                                          ports::Runtime& home, ports::MemberCallbacks callbacks);
  // A member of this process in the group (Kafka's name), to commit by; none if there is none.
  std::shared_ptr<KafkaMember> member_of(const std::string& group);
  // All leave, and are told nothing more. Idempotent.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;  // memberships may outlive this
};

}  // namespace telltale::log
