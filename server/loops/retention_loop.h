// RetentionLoop: removes the oldest runs that have ended, by their age or until the store is small
// enough: first what the store has of one, then its line in the list of runs, so that a crash
// leaves nothing that nobody names. Never one that goes on. Owned by `main`, lives on fold's loop;
// of several processes each may have one, as what is removed twice is gone all the same.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/ids.h"
#include "ports/alive.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::loops {

struct Keep {
  std::optional<std::int64_t> age_us;  // since a run ended, by the clock on the wall
  std::optional<std::uint64_t> bytes;  // of all runs in the store
};

class RetentionLoop {
 public:
  RetentionLoop(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters,
                Keep keep);

  // Of any thread.
  void start();
  // Calls `stopped` on the loop; what is under way is dropped.
  void stop(UniqueFunction<void()> stopped);

 private:
  struct Listed {
    bool ended = false;
    std::int64_t ended_at_us = 0;
    std::int64_t heard_at_us = 0;  // of it last, by the steady clock
    std::uint64_t bytes = 0;       // as the store was listed last
  };

  void look();
  void read_list(LogOffset end);
  void note(const ports::StoredRecord& record);
  void measure(std::string after);
  void measured(const std::vector<ports::ObjectInfo>& page);
  void choose();
  void remove_next();
  void remove_objects(const RunKey& run);
  void unlist(const RunKey& run);
  void rest(std::int64_t us);

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::Store& store_;
  Counters& counters_;
  const Keep keep_;
  LogOffset next_{};               // of telltale.runs
  std::map<RunKey, Listed> runs_;  // as the list has them
  std::uint64_t bytes_ = 0;        // of all runs, while and since they are measured
  std::int64_t measure_at_us_ = INT64_MIN;
  std::vector<RunKey> to_remove_;  // the last one first
  bool stopped_ = false;
  ports::Alive alive_;
};

}  // namespace telltale::loops
