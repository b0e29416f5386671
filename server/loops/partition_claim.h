// PartitionClaim: one partition's place in the store, held under a generation: takes it, finds the
// snapshots of its runs, and writes checkpoints in an order that a crash can cut anywhere: packs,
// manifests, the checkpoint that names them. Every write is conditional, so that of two holders the
// one of the lower generation loses, however late it wakes. Owned by a FoldLoop, lives on its loop;
// never reads the log.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fold/run_view.h"
#include "keep/checkpoint.h"
#include "ports/alive.h"
#include "ports/store.h"

namespace telltale::loops {

class PartitionClaim {
 public:
  struct Snapshot {
    std::string bytes;
    bool ended = false;  // no more is expected: it gets a manifest
  };
  // An error: the run is kept without a snapshot, and folded from its events by whoever opens it.
  using Encode = UniqueFunction<Result<Snapshot>(const RunKey&)>;
  using Answer = UniqueFunction<void(Status)>;

  PartitionClaim(ports::Runtime& loop, ports::Store& store, int partition);

  // Takes the partition under the next generation. Without a checkpoint that this version of the
  // fold wrote, next() is 0 and everything is folded again. precondition_failed: another one was
  // faster; any error may be tried again.
  void claim(Answer done);
  // The following only after claim() succeeded; precondition_failed then means that the partition
  // is lost for good.

  // Offset of the first event that is in no snapshot.
  LogOffset next() const { return checkpoint_.next; }
  const keep::Archived& archived() const { return checkpoint_.archived; }
  std::uint64_t generation() const { return checkpoint_.generation; }
  // When the store last said that the partition is still ours, by the steady clock; confirm() asks
  // it again.
  std::int64_t confirmed_at_us() const { return confirmed_at_us_; }
  void confirm(Answer done);
  // The run as of its last snapshot; none where it has none that can be used.
  using Loaded = UniqueFunction<void(Result<std::optional<fold::RunView>>)>;
  void load(const RunKey& run, Loaded done);
  // `runs` are those that changed since the last checkpoint; each is encoded once, some turns of
  // the loop later, with every event before `next` applied and possibly more. One at a time.
  void save(LogOffset next, keep::Archived archived, std::vector<RunKey> runs, Encode encode,
            Answer done);

 private:
  struct Saving;
  struct Closing;
  using SavingPtr = std::shared_ptr<Saving>;
  using ClosingPtr = std::shared_ptr<Closing>;

  void write_claim(keep::Checkpoint checkpoint, ports::Condition condition, Answer done);
  struct Loading;
  using LoadingPtr = std::shared_ptr<Loading>;
  void find(const LoadingPtr& loading);
  void load_at(const LoadingPtr& loading, std::string key, ports::ByteRange range);
  void not_there(const LoadingPtr& loading, const Error& error);

  void go_on(const SavingPtr& saving);
  void put_pack(const SavingPtr& saving);
  void move_out(const SavingPtr& saving, const RunKey& run);
  void leave_out(const SavingPtr& saving, const RunKey& run);
  void close_run(const SavingPtr& saving, const RunKey& run, std::string bytes);
  void put_manifest(const ClosingPtr& closing, ports::Condition condition);
  void replace_manifest(const ClosingPtr& closing);
  void remove_older_snapshots(const ClosingPtr& closing);
  void step_done(const SavingPtr& saving, const Status& status);
  void choose_quiet(Saving& saving) const;
  void put_checkpoint(const SavingPtr& saving);
  void saved(const SavingPtr& saving, std::string etag);
  // Orphans: packs of ours that no run's snapshot lies in, and what earlier holders left.
  void remove_unused_packs();
  void sweep_older(std::string after);

  ports::Runtime& loop_;
  ports::Store& store_;
  const int partition_;
  keep::Checkpoint checkpoint_;  // as it is in the store, as far as we know
  std::string etag_;             // of that object
  std::int64_t confirmed_at_us_ = 0;
  std::uint64_t numbers_ = 0;                   // of packs and snapshots, given out so far
  std::map<keep::PackId, std::int64_t> packs_;  // that may exist, and when they were put
  ports::Alive alive_;
};

}  // namespace telltale::loops
