// LiveViews: the runs somebody watches, each a snapshot from the store plus the tail of the log.
// Holds nothing that can't be rebuilt. Owned by `main`, lives on serve's loop; readers open a run,
// keep the shared_ptr as long as they watch, and are told after each batch that changed any of
// them.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/counters.h"
#include "fold/run_view.h"
#include "ports/log.h"
#include "ports/store.h"
#include "serve/listeners.h"
#include "serve/live_limits.h"
#include "serve/outgoing.h"
#include "serve/tail.h"

namespace telltale::serve {

struct WatchedRun {
  explicit WatchedRun(const RunKey& key) : view(key) {}

  fold::RunView view;
  std::int64_t unwatched_since_us = 0;
  std::uint64_t used = 0;  // when it was asked for last: the others were before it or after
  std::size_t bytes = 0;   // as LiveViews has counted them
};

// What readers may take of this process. Tests have less.
struct WatchLimits {
  std::size_t memory_bytes = kWatchedRunsBytes;
  std::size_t outgoing_bytes = kOutgoingBytes;
  std::size_t openings = kOpenings;
  std::size_t openings_waiting = kOpeningsWaiting;
};

class LiveViews {
 public:
  using RunPtr = std::shared_ptr<WatchedRun>;
  using Opened = UniqueFunction<void(Result<RunPtr>)>;

  LiveViews(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters,
            WatchLimits limits = {});
  ~LiveViews();

  // Starts following the log; `ready` once the end of each partition is known, however long that
  // takes. open() only after that.
  void start(UniqueFunction<void()> ready);
  // not_found when no event ever named the run; unavailable also when there is no room for it.
  void open(const RunKey& key, Opened opened);

  // What it is read from, for those who read more than a view.
  ports::Log& log() { return log_; }
  ports::Store& store() { return store_; }

  Listeners& listeners() { return listeners_; }
  Outgoing& outgoing() { return outgoing_; }
  // What the runs take that are here or being opened (RunView::bytes()).
  std::size_t memory_bytes() const { return memory_; }

 private:
  struct Opening;
  using OpeningPtr = std::shared_ptr<Opening>;

  void start_tail(int number);
  void on_batch(const std::vector<ports::StoredRecord>& batch);
  void begin_openings();
  void load_checkpoint(const OpeningPtr& opening);
  void load_manifest(const OpeningPtr& opening);
  void load_snapshot(const OpeningPtr& opening, std::string key, ports::ByteRange range);
  void not_usable(const OpeningPtr& opening, const Error& error);
  void fold_again(const OpeningPtr& opening);
  void refold(const OpeningPtr& opening);
  void catch_up(const OpeningPtr& opening);
  void apply_batch(const OpeningPtr& opening,
                   std::shared_ptr<std::vector<ports::StoredRecord>> batch, std::size_t from);
  void finish(const OpeningPtr& opening, Result<RunPtr> result);
  bool apply(WatchedRun& run, const ports::StoredRecord& record);
  void evict();
  void evict_unwatched(std::size_t more);
  void weigh(WatchedRun& run);
  bool has_room(WatchedRun& run, std::size_t more);

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::Store& store_;
  Counters& counters_;
  const WatchLimits limits_;
  std::vector<std::unique_ptr<Tail>> tails_;  // by partition of telltale.events
  int tails_missing_ = 0;
  UniqueFunction<void()> ready_;
  std::unordered_map<RunKey, RunPtr> runs_;
  std::unordered_map<RunKey, OpeningPtr> openings_;  // those that wait among them
  std::deque<OpeningPtr> openings_waiting_;
  std::size_t openings_begun_ = 0;
  std::size_t memory_ = 0;
  std::uint64_t uses_ = 0;
  Outgoing outgoing_;
  Listeners listeners_{loop_};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for answers that come too late
};

}  // namespace telltale::serve
