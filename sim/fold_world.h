// FoldWorld: two fold workers of one group over one log and one store, as on machines of their own:
// each can fall silent, wake up after its partitions moved, be killed, or be stopped in order; its
// log and store fail and answer late, somebody sets its clock, and half of the stores lose or
// damage a snapshot now and then; in the others no run may ever have to be folded again, which
// would hide what the fold lost. What was committed expires from the log, so that the store alone
// has it. A server that is started again and again opens runs meanwhile. The truth is every event
// once, folded as it is appended; checks() compares with it, byte by byte: the runs, the list, the
// archive, and the runs once more when no snapshot is left.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/counters.h"
#include "fold/run_view.h"
#include "keep/checkpoint.h"
#include "log/memory_log.h"
#include "loops/fold_worker.h"
#include "ports/faulty_log.h"
#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "serve/live_views.h"
#include "serve/run_list.h"
#include "sim/fold_ports.h"
#include "sim/sim_node.h"
#include "store/memory_store.h"

namespace telltale::sim {

class FoldWorld {
 public:
  // A calm one has no faults but clocks that are set, and nobody restarts anything; then all of it
  // is in the store half a minute after the last event.
  enum class Weather { stormy, calm };
  FoldWorld(std::uint64_t seed, FoldBug bug, Weather weather = Weather::stormy);
  ~FoldWorld();

  void run();
  // What is wrong, one sentence each; empty when all is as it must be.
  std::vector<std::string> checks();
  std::uint64_t trace() const { return runtime_.trace(); }
  const Counters& counters() const { return counters_; }
  std::uint64_t zombies() const { return zombies_; }
  std::uint64_t clocks_set() const { return clocks_set_; }
  std::uint64_t manifests() const { return manifests_; }

 private:
  struct Worker;
  struct Server;
  struct Source;

  void start_worker(std::size_t which);
  void stop_worker(std::size_t which);
  void trouble_worker(std::size_t which);
  void start_server();
  void watch();
  void append_event(Source& source);
  void invent();
  void step(bool troubles);
  void settle(int steps);
  void check_watched();
  void check_all(std::vector<std::string>& wrong);
  void check_packs(std::vector<std::string>& wrong);
  void check_archive(std::vector<std::string>& wrong);
  keep::Checkpoint checkpoint(int partition);
  std::vector<std::string> snapshots();
  void set_a_clock();
  void check_all_is_stored();
  void lose_a_snapshot();
  void lose_all_snapshots();
  void commit(const ports::Partition& partition, LogOffset next);
  SimNode& new_node();

  runtime::SimRuntime runtime_;
  const FoldBug bug_;
  const Weather weather_;
  const loops::ArchivePace pace_;
  const bool loses_snapshots_;
  std::vector<std::unique_ptr<SimNode>> nodes_;  // of the living and the dead; all post to them
  log::MemoryLog log_;
  store::MemoryStore store_;
  SimGroup group_;
  Counters counters_;  // of the workers
  Counters served_;    // of the server
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::set<std::string> wrong_;  // seen on the way
  bool faulty_ = true;
  std::uint64_t zombies_ = 0;
  std::uint64_t manifests_ = 0;
  std::uint64_t clocks_set_ = 0;
};

}  // namespace telltale::sim
