// FoldLoop: log -> fold -> store, for one partition. Folds every run's events, writes snapshots of
// what changed, then the checkpoint that says so, and appends each run's summary to telltale.runs.
// A crash at any point repeats work and loses none. Owned by `main`, lives on a loop of its own;
// knows no formats and no sockets.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/counters.h"
#include "fold/checkpoint.h"
#include "fold/run_view.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::loops {

class FoldLoop {
 public:
  FoldLoop(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters,
           int partition);
  ~FoldLoop();

  void start();
  // Stops reading, writes a last checkpoint, then calls `stopped`.
  void stop(UniqueFunction<void()> stopped);

 private:
  struct FoldedRun {
    explicit FoldedRun(const RunKey& key) : view(key) {}
    fold::RunView view;
    bool unsaved = false;      // changed since its last snapshot
    bool unpublished = false;  // changed since its last summary
    std::int64_t used_at_us = 0;
  };
  struct Saving;

  void load_checkpoint();
  void read();
  void fold_batch(std::shared_ptr<std::vector<ports::StoredRecord>> batch, std::size_t from);
  void load_run(const RunKey& key, UniqueFunction<void()> loaded);
  void apply(FoldedRun& run, const ports::StoredRecord& record);
  void publish_soon();
  void publish();
  void checkpoint_if_due();
  void save(UniqueFunction<void(bool)> done);
  void save_next(std::shared_ptr<Saving> saving);
  void save_checkpoint(std::shared_ptr<Saving> saving);
  void saved(const std::shared_ptr<Saving>& saving, bool ok);
  void evict();
  void retry(UniqueFunction<void()> what);
  // Wraps an answer so that it is dropped when this object is gone.
  template <typename T, typename F>
  ports::Completion<T> answer(F done);

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::Store& store_;
  Counters& counters_;
  const ports::Partition partition_;
  LogOffset next_{};        // to be read
  LogOffset saved_next_{};  // of the last checkpoint
  std::int64_t saved_at_us_ = 0;
  std::int64_t save_gap_us_;  // grows with what a checkpoint costs
  bool saving_ = false;
  bool stopping_ = false;
  bool publish_posted_ = false;
  std::unordered_map<RunKey, FoldedRun> runs_;
  UniqueFunction<void()> stopped_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace telltale::loops
