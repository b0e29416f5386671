// FaultySource: a Source that fails by chance, over one that does not. Chance and delay come from
// the Runtime, so a simulation's seed decides them. Owned by tests and simulations; lives on the
// loop of `runtime`. It never damages a fact and never skips one.
#pragma once

#include "ports/faults.h"
#include "ports/source.h"

namespace telltale::ports {

class FaultySource final : public Source {
 public:
  // Both outlive this. Without faults it behaves as `inner`.
  FaultySource(Source& inner, Runtime& runtime, Faults faults = {}, int expire_percent = 0)
      : faults(faults), expire_percent(expire_percent), inner_(inner), runtime_(runtime) {}

  void read(std::string from, SourceLimits limits, Completion<Result<SourceBatch>> done) override;
  void close() override { inner_.close(); }

  Faults faults;       // may change between calls
  int expire_percent;  // of reads from a position, answered `expired` although it is good

 private:
  Source& inner_;
  Runtime& runtime_;
};

}  // namespace telltale::ports
