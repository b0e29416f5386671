// FoldLoop: log -> fold -> store, for one partition. Takes the partition, folds every run's events,
// appends each run's summary to telltale.runs, archives its events, and every few seconds writes a
// checkpoint: first summaries, then snapshots, then the checkpoint that says so, then the group's
// commit. A crash at any point repeats work and loses none. Owned by a FoldWorker, lives on its
// loop; knows no formats and no sockets.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/counters.h"
#include "base/limits.h"
#include "fold/run_view.h"
#include "loops/event_archive.h"
#include "loops/partition_claim.h"
#include "ports/alive.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::loops {

inline constexpr const char* kFoldGroup = "fold";

// What the runs of all of a worker's partitions take now.
struct FoldMemory {
  std::size_t bytes = 0;   // RunView::bytes()
  std::uint64_t uses = 0;  // times that one of them was told something
};

// What folded runs may take. Tests have less.
struct FoldLimits {
  std::size_t memory_bytes = limits::kFoldedRunsBytes;  // of all partitions of a worker
  std::size_t snapshot_bytes = limits::kSnapshotBytes;
};

class FoldLoop {
 public:
  // What keeps it from its work, in a sentence; empty once that is over.
  using OnTrouble = UniqueFunction<void(const std::string&)>;

  // `lost` is called once if the partition turns out to be somebody else's; nothing is done to it
  // from then on. `memory` is the worker's, and outlives this.
  FoldLoop(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters,
           int partition, FoldMemory& memory, UniqueFunction<void()> lost, OnTrouble on_trouble,
           ArchivePace pace, FoldLimits limits);
  ~FoldLoop();

  void start();
  // Stops reading, writes a last checkpoint if it can, then calls `stopped`. After `lost`, at once.
  void stop(UniqueFunction<void()> stopped);

 private:
  struct FoldedRun {
    explicit FoldedRun(fold::RunView folded) : view(std::move(folded)) {}
    fold::RunView view;
    bool unsaved = false;      // changed since its last snapshot
    bool unpublished = false;  // changed since its last summary
    bool refused = false;      // its snapshot would be too large
    std::uint64_t used = 0;    // memory_.uses when it was told something last
    std::size_t bytes = 0;     // as memory_ has them
  };
  using Batch = std::vector<ports::StoredRecord>;
  using Answer = UniqueFunction<void(Status)>;

  void claim();
  void compare_with_log();
  void read();
  void fold_batch(std::shared_ptr<Batch> batch, std::size_t from);
  void skip_to(LogOffset first, UniqueFunction<void()> then);
  void load_run(const RunKey& key, LogOffset at, UniqueFunction<void()> loaded);
  void refold_run(const RunKey& key, LogOffset at, UniqueFunction<void()> loaded);
  void not_loaded(const Error& error, UniqueFunction<void()> again);
  LogOffset folded() const { return std::max(next_, fold_from_); }
  // That a checkpoint would say.
  bool has_news() const {
    return folded() != claim_.next() || archive_.archived() != claim_.archived();
  }
  void apply(FoldedRun& run, const ports::StoredRecord& record);
  FoldedRun& keep(const RunKey& key, fold::RunView view);
  void weigh(FoldedRun& run);
  void count_told(fold::RepeatGuard::Told told);
  Result<PartitionClaim::Snapshot> encode(const RunKey& key);
  void publish_soon();
  // Appends the summaries of all runs that changed until now; `done` once the log has them.
  void publish(Answer done);
  void publish_next();
  void append_summaries(std::vector<ports::Record> records);
  void checkpoint_if_due();
  void save();
  void save_runs(LogOffset next);
  void saved(const Status& status);
  void forget(LogOffset stored);
  void evict();
  bool ended() const { return over_ || stopped_; }
  void finish();
  void give_up(const Error& error);
  void retry_after(std::int64_t delay_us, UniqueFunction<void()> what);

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::Store& store_;
  Counters& counters_;
  const ports::Partition partition_;
  PartitionClaim claim_;
  EventArchive archive_;
  UniqueFunction<void()> lost_;
  OnTrouble on_trouble_;
  LogOffset next_{};          // to be read
  LogOffset fold_from_{};     // what stands before it was folded before
  LogOffset archive_from_{};  // and archived
  const FoldLimits limits_;
  std::unordered_map<RunKey, FoldedRun> runs_;
  FoldMemory& memory_;
  bool evict_later_ = false;

  bool claimed_ = false;
  bool over_ = false;               // lost, or stopped
  UniqueFunction<void()> stopped_;  // stopping, where it is set
  bool saved_last_ = false;         // the checkpoint of the end was tried

  bool saving_ = false;
  std::vector<RunKey> saving_runs_;  // encoded for the checkpoint under way
  std::int64_t save_began_at_us_ = 0;
  std::int64_t saved_at_us_ = 0;
  int failed_saves_ = 0;                                   // since the last one that succeeded
  std::deque<std::pair<std::int64_t, LogOffset>> stored_;  // when, and up to where
  std::int64_t save_gap_us_;                               // grows with what a checkpoint costs

  bool publish_posted_ = false;
  bool publishing_ = false;
  std::vector<Answer> publish_waiting_;
  ports::Alive alive_;
};

}  // namespace telltale::loops
