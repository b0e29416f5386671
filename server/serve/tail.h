// Tail: follows one partition of the log from an offset on, batch by batch, for as long as it
// lives; an empty batch says that there is no more for now. One that takes longer than a turn of
// the loop is handed on in parts. A failed read is tried again with growing pauses. Lives on
// serve's loop.
#pragma once

#include <memory>
#include <vector>

#include "ports/log.h"

namespace telltale::serve {

class Tail {
 public:
  using OnBatch = UniqueFunction<void(const std::vector<ports::StoredRecord>&)>;

  Tail(ports::Runtime& loop, ports::Log& log, ports::Partition partition, LogOffset from,
       OnBatch on_batch);
  ~Tail();

  // Offset of the next record to be read.
  LogOffset next() const;

 private:
  struct State;
  using Batch = std::vector<ports::StoredRecord>;
  static void hand_on(const std::shared_ptr<State>& state, std::shared_ptr<Batch> batch,
                      std::size_t from);
  static void read(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;  // shared with reads under way, so that a late answer finds it
};

}  // namespace telltale::serve
