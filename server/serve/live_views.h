// LiveViews: the runs somebody watches, each a snapshot from the store plus the tail of the log.
// Holds nothing that can't be rebuilt. Owned by `main`, lives on serve's loop; readers open a run,
// keep the shared_ptr as long as they watch, and are told after each batch that changed any of
// them.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/counters.h"
#include "fold/run_view.h"
#include "ports/log.h"
#include "ports/store.h"
#include "serve/listeners.h"
#include "serve/tail.h"

namespace telltale::serve {

struct WatchedRun {
  explicit WatchedRun(const RunKey& key) : view(key) {}

  fold::RunView view;
  std::int64_t unwatched_since_us = 0;
};

class LiveViews {
 public:
  using RunPtr = std::shared_ptr<WatchedRun>;
  using Opened = UniqueFunction<void(Result<RunPtr>)>;

  LiveViews(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters);
  ~LiveViews();

  // Starts following the log; `ready` once the end of each partition is known, however long that
  // takes. open() only after that.
  void start(UniqueFunction<void()> ready);
  // not_found when no event ever named the run.
  void open(const RunKey& key, Opened opened);

  Listeners& listeners() { return listeners_; }

 private:
  struct Opening;
  using OpeningPtr = std::shared_ptr<Opening>;

  void start_tail(int number);
  void on_batch(const std::vector<ports::StoredRecord>& batch);
  void load_checkpoint(const OpeningPtr& opening);
  void load_manifest(const OpeningPtr& opening);
  void load_snapshot(const OpeningPtr& opening, std::string key, ports::ByteRange range);
  void not_usable(const OpeningPtr& opening, const Error& error);
  void fold_again(const OpeningPtr& opening);
  void refold(const OpeningPtr& opening);
  void catch_up(const OpeningPtr& opening);
  void finish(const OpeningPtr& opening, Result<RunPtr> result);
  bool apply(WatchedRun& run, const ports::StoredRecord& record);
  void evict();

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::Store& store_;
  Counters& counters_;
  std::vector<std::unique_ptr<Tail>> tails_;  // by partition of telltale.events
  int tails_missing_ = 0;
  UniqueFunction<void()> ready_;
  std::unordered_map<RunKey, RunPtr> runs_;
  std::unordered_map<RunKey, OpeningPtr> openings_;
  Listeners listeners_{loop_};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for answers that come too late
};

}  // namespace telltale::serve
