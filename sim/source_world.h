// SourceWorld: a source that grows, is cut off and is written anew, and the process that collects
// it, which is killed now and then; its source and its log fail, lose answers and answer late. The
// log outlives the process. checks() folds what came into it and compares that with the source.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/counters.h"
#include "collect/memory_source.h"
#include "log/memory_log.h"
#include "runtime/sim_runtime.h"
#include "sim/sim_node.h"
#include "sim/source_ports.h"

namespace telltale::sim {

class SourceWorld {
 public:
  SourceWorld(std::uint64_t seed, SourceBug bug);
  ~SourceWorld();

  // Facts and troubles, and a rest in which all must come right.
  void run();
  // For worlds without troubles: so many facts, all read; and all of them read again.
  void tell(std::size_t facts);
  void relist();
  // What is wrong, one sentence each; empty when all is as it must be.
  std::vector<std::string> checks();

  std::uint64_t trace() const { return runtime_.trace(); }
  const Counters& counters() const { return counters_; }
  std::uint64_t crashes() const { return crashes_; }

 private:
  struct Process;
  struct Fact {
    std::string text;
    std::uint64_t value = 0;  // of its point; 0 where it is no event
  };

  void start();
  void crash();
  void settle();
  Fact invent();
  void add(std::size_t facts);
  // The first ones stay, the rest of the source is gone.
  void cut_to(std::size_t facts);
  void step();
  std::vector<ports::StoredRecord> events();

  runtime::SimRuntime runtime_;
  const SourceBug bug_;
  std::vector<std::unique_ptr<SimNode>> nodes_;  // of the living and the dead; all post to them
  log::MemoryLog log_;
  collect::MemorySource source_;
  std::vector<Fact> facts_;  // of the source, now
  Counters counters_;
  std::unique_ptr<Process> process_;
  bool faulty_ = false;
  std::uint64_t points_ = 0;
  std::uint64_t crashes_ = 0;
  std::vector<std::string> wrong_;  // seen on the way
};

}  // namespace telltale::sim
