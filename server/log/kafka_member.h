// KafkaMember: one member of a consumer group. It is told which partitions it holds and fetches
// none of them: reads go by partition and offset. Cooperative, so that only what moves stops. One
// thread of its own talks to the group; callbacks are on the member's loop.
#pragma once

#include <memory>
#include <string>

#include "log/kafka_client.h"
#include "ports/log.h"

namespace telltale::log {

// Shared by the membership (home loop), its thread, and commits under way.
class KafkaMember : public std::enable_shared_from_this<KafkaMember> {
 public:
  // Names as Kafka has them; the callbacks get `topic_as_asked`. `instance`: empty for none.
  // `health` outlives this.
  static Result<std::shared_ptr<KafkaMember>> join(
      const KafkaConfig& config, const std::string& instance, const std::string& group,
      const std::string& topic, const std::string& topic_as_asked, ports::Runtime& home,
      ports::MemberCallbacks callbacks, KafkaHealth& health);
  ~KafkaMember();

  // On the home loop: no callback follows.
  void fall_silent();
  // Leaves the group, on the member's thread; any thread may call. Idempotent.
  void leave();
  // Until it has left: kKafkaLeaveMs and a little.
  void wait_until_left();
  bool has_left() const;

  // For commits; while this member lives.
  rd_kafka_t* client() const;

 private:
  struct State;
  explicit KafkaMember(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace telltale::log
