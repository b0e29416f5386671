// EventArchive: takes the events of one partition to the store, so that they outlive the log. A put
// for each run and checkpoint would be too many, so a run's events are gathered until they are
// many, old or far behind; archived() says from where whoever comes next has to read again. Owned
// by a FoldLoop, lives on its loop; copies an event once and packs one block a turn of the loop;
// never reads the log.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/counters.h"
#include "base/limits.h"
#include "base/unique_function.h"
#include "keep/checkpoint.h"
#include "keep/event_block.h"
#include "ports/alive.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::loops {

// When gathered events go. Simulations have less time than the world.
struct ArchivePace {
  std::size_t block_bytes = limits::kEventBlockBytes;
  std::int64_t age_us = limits::kArchiveAgeUs;
  std::size_t lag_bytes = limits::kArchiveLagBytes;
  std::size_t open_bytes = limits::kArchiveOpenBytes;
  std::size_t waiting_bytes = limits::kArchiveWaitingBytes;
};

// What stands before an event in its run: nothing, an event at that offset, or it is not known
// here. Then the store is asked, by whose listing a block can follow an earlier one.
struct Before {
  bool known = false;
  std::optional<LogOffset> event;
};

class EventArchive {
 public:
  EventArchive(ports::Runtime& loop, ports::Store& store, Counters& counters, ArchivePace pace);

  // First of all, and once: goes on from there, with blocks of this generation.
  void start(std::uint64_t generation, keep::Archived archived);
  // Nothing is put any more.
  void stop() { stopped_ = true; }

  // The partition's next record, of this run. Offsets ascend from archived().next.
  void add(const RunKey& run, const ports::StoredRecord& record, Before before = {});
  // No record before `next` is still to be added. Sends off what is due: after each batch, and
  // twice a second where none comes.
  void read_up_to(LogOffset next);
  // The log no longer has what stood before `first` and was not added: a gap.
  void skip_to(LogOffset first);
  // No more is expected of this run.
  void close(const RunKey& run);

  // What is in the store by now.
  keep::Archived archived() const;
  // The store is behind: to be read on when `room` is called.
  bool full() const { return waiting_bytes_ > pace_.waiting_bytes; }
  void when_room(UniqueFunction<void()> room) { room_ = std::move(room); }
  // The run's events that the store may not have yet, in order.
  std::vector<keep::EventBlock> on_their_way(const RunKey& run) const;

 private:
  struct Open {
    keep::EventBlockBuilder events;
    Before before;
    std::int64_t since_us = 0;
    std::uint64_t log_bytes = 0;  // read_bytes_ when it began
  };
  struct Waiting {
    RunKey run;
    keep::EventBlockBuilder events;
    Before before;
    bool called = false;
  };

  void seal(const RunKey& run);
  void seal_due();
  void seal_biggest();
  void put_soon();
  void pause();
  void put_next();
  void find_before(LogOffset first, std::string after);
  void found_before(LogOffset first, const std::vector<ports::ObjectInfo>& blocks);
  void put(LogOffset first, Waiting& block);
  void answered(LogOffset first, const Result<std::string>& etag);
  void not_kept(Waiting& block, const Error& error);

  ports::Runtime& loop_;
  ports::Store& store_;
  Counters& counters_;
  const ArchivePace pace_;
  std::uint64_t generation_ = 0;
  LogOffset read_{};  // every record before it was added, or is in a gap
  std::vector<keep::OffsetRange> gaps_;
  std::uint64_t read_bytes_ = 0;  // of records, since the start
  std::unordered_map<RunKey, Open> open_;
  std::map<LogOffset, RunKey> open_by_first_;
  std::size_t open_bytes_ = 0;
  std::map<LogOffset, Waiting> waiting_;  // by their first offset
  std::size_t waiting_bytes_ = 0;
  int calls_ = 0;
  bool put_posted_ = false;
  bool pausing_ = false;
  bool stopped_ = false;
  UniqueFunction<void()> room_;
  ports::Alive alive_;
};

}  // namespace telltale::loops
