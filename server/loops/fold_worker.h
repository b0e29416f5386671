// FoldWorker: a member of the consumer group `fold`: one FoldLoop for each partition of
// telltale.events that the group assigns to it, for as long as it does. Embedded it is the only
// member and has them all. Owned by `main`, lives with its loops on the loop it is given; never
// looks at an event.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/counters.h"
#include "loops/fold_loop.h"
#include "ports/alive.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::loops {

class FoldWorker {
 public:
  // Why the member is out of its group, or what keeps one of its partitions from being folded, in
  // sentences; empty once that is over. On the loop.
  using OnTrouble = UniqueFunction<void(const std::string&)>;

  FoldWorker(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters,
             OnTrouble on_trouble, ArchivePace pace = {}, FoldLimits limits = {});

  // Of any thread.
  void start();
  // What the folded runs take (RunView::bytes()).
  std::size_t memory_bytes() const { return memory_.bytes; }
  // Writes a last checkpoint for every partition, leaves the group, then calls `stopped` on the
  // loop; within limits::kHandOverUs whatever fails, since a crash would lose nothing either.
  void stop(UniqueFunction<void()> stopped);

 private:
  void join();
  void assigned(int partition);
  void fold(int partition);
  void revoked(int partition, UniqueFunction<void()> released);
  // By the group; or, found out by the loop itself, by a holder of a higher generation.
  void lost(int partition);
  void outdone(int partition);
  void failed(const Error& error);
  void drop(int partition);
  void tell(int part, const std::string& trouble);
  void hand_over(UniqueFunction<void()> stopped);

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::Store& store_;
  Counters& counters_;
  std::unique_ptr<ports::Membership> membership_;
  std::set<int> assigned_;
  FoldMemory memory_;
  std::map<int, std::unique_ptr<FoldLoop>> folding_;
  OnTrouble on_trouble_;
  std::map<int, std::string> troubles_;  // of the group, and by partition
  const ArchivePace pace_;
  const FoldLimits limits_;
  bool stopping_ = false;
  ports::Alive alive_;
};

}  // namespace telltale::loops
