// KafkaReader: answers reads by partition and offset. Reads at about the same place share what was
// fetched; one far behind gets a position of its own until it has caught up. One thread of its own
// does all of it. Any thread may ask; answers are posted home. Owned by the Kafka log.
#pragma once

#include <functional>
#include <memory>

#include "log/kafka_client.h"
#include "ports/log.h"

namespace telltale::log {

class KafkaReader {
 public:
  using Records = std::vector<ports::StoredRecord>;
  using Answer = ports::Completion<Result<Records>>;
  // Asks Kafka for the bounds of a partition and calls back, on any thread.
  using AskBounds =
      std::function<void(const ports::Partition&, UniqueFunction<void(Result<ports::Bounds>)>)>;

  // Topics by Kafka's own names. `health` outlives this.
  KafkaReader(const KafkaConfig& config, KafkaHealth& health, AskBounds ask_bounds);
  ~KafkaReader();

  // `there_is_one`: a record at or behind `from` exists, so an answer without one is no answer.
  void read(ports::Partition partition, LogOffset from, ports::ReadLimits limits, bool there_is_one,
            Answer done);
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;  // bounds may be answered after close()
};

}  // namespace telltale::log
