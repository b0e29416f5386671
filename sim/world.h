// World: a whole Telltale but its sockets on one SimRuntime: producers that retry, the ingest, a
// faulty log, a faulty store, the fold, the views, and readers that reconnect; all of it driven by
// one seed. The server can be killed and started again: what the log and the store acknowledged
// stays, all else is gone. Bugs can be planted between the parts; checks() must then find them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/counters.h"
#include "collect/event_gate.h"
#include "collect/http_ingest.h"
#include "log/memory_log.h"
#include "loops/fold_worker.h"
#include "ports/faulty_log.h"
#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"
#include "serve/live_views.h"
#include "serve/run_list.h"
#include "sim/producer.h"
#include "sim/reader.h"
#include "store/memory_store.h"

namespace telltale::sim {

enum class Bug {
  none,
  fsync_skipped,      // the log acknowledges what a crash then loses
  repeat_applied,     // nothing tells a repeat from the first time
  tombstone_dropped,  // readers are not told what was removed
  snapshot_skipped,   // the checkpoint is written without the snapshots it stands for
  frame_lost,         // a reader's position moves on past a frame it never got
  log_offset_lost,    // a task's output is sent without its place
};

class World {
 public:
  // A calm one has no faults and no crashes until its end, but a clock that is set.
  enum class Weather { stormy, calm };
  World(std::uint64_t seed, Bug bug, Weather weather = Weather::stormy);
  ~World();

  // Faults and work for a while, then quiet until everything has settled.
  void run();
  // What is wrong, one sentence each; empty when all is as it must be.
  std::vector<std::string> checks();
  std::uint64_t trace() const { return runtime_.trace(); }
  std::uint64_t crashes() const { return crashes_; }
  std::uint64_t retries() const;
  std::uint64_t reconnects() const;

 private:
  struct Server;

  void start_server();
  void crash();
  void lose_what_was_promised();
  void step();
  void settle();
  void check_run(const Producer& producer, std::vector<std::string>& wrong);
  void check_view(const fold::RunView& served, const fold::RunView& expected,
                  std::vector<std::string>& wrong);
  void check_reader(const Reader& reader, const fold::RunView& expected,
                    std::vector<std::string>& wrong);

  runtime::SimRuntime runtime_;
  const Bug bug_;
  const Weather weather_;
  // What outlives the server, and the ways it goes to them.
  log::MemoryLog kept_log_;
  store::MemoryStore kept_store_;
  ports::FaultyLog log_;
  ports::FaultyStore store_;
  Counters counters_;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::uint64_t crashes_ = 0;
};

}  // namespace telltale::sim
