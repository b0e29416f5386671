#include "loops/fold_worker.h"

#include <spdlog/spdlog.h>

#include "base/limits.h"

namespace telltale::loops {
namespace {

// What threw a member out rarely mends itself, and a person reads the sentence each time.
constexpr std::int64_t kRejoinUs = 10'000'000;
constexpr int kGroup = -1;  // whose trouble, where not a partition's

}  // namespace

FoldWorker::FoldWorker(ports::Runtime& loop, ports::Log& log, ports::Store& store,
                       Counters& counters, OnTrouble on_trouble, ArchivePace pace,
                       FoldLimits limits)
    : loop_(loop),
      log_(log),
      store_(store),
      counters_(counters),
      on_trouble_(std::move(on_trouble)),
      pace_(pace),
      limits_(limits) {}

void FoldWorker::start() {
  loop_.post(alive_.task([this] { join(); }));
}

void FoldWorker::join() {
  if (stopping_) return;
  ports::MemberCallbacks callbacks;
  callbacks.assigned = [this](const ports::Partition& partition) { assigned(partition.number); };
  callbacks.revoked = [this](const ports::Partition& partition, UniqueFunction<void()> released) {
    revoked(partition.number, std::move(released));
  };
  callbacks.lost = [this](const ports::Partition& partition) { lost(partition.number); };
  callbacks.failed = [this](const Error& error) { failed(error); };
  tell(kGroup, {});
  membership_ = log_.join(kFoldGroup, ports::kEventsTopic, loop_, std::move(callbacks));
}

void FoldWorker::assigned(int partition) {
  assigned_.insert(partition);
  if (!stopping_) fold(partition);
}

void FoldWorker::fold(int partition) {
  auto loop = std::make_unique<FoldLoop>(
      loop_, log_, store_, counters_, partition, memory_, [this, partition] { outdone(partition); },
      [this, partition](const std::string& trouble) { tell(partition, trouble); }, pace_, limits_);
  loop->start();
  folding_[partition] = std::move(loop);
}

void FoldWorker::revoked(int partition, UniqueFunction<void()> released) {
  assigned_.erase(partition);
  const auto found = folding_.find(partition);
  if (found == folding_.end()) {
    released();
    return;
  }
  // Posted: the loop calls from within itself, and goes.
  auto stopped = [this, partition, released = std::move(released)]() mutable {
    loop_.post(alive_.task([this, partition, released = std::move(released)]() mutable {
      drop(partition);
      released();
    }));
  };
  found->second->stop(std::move(stopped));
}

void FoldWorker::lost(int partition) {
  spdlog::warn("fold: the group took partition {} away", partition);
  assigned_.erase(partition);
  drop(partition);
}

void FoldWorker::drop(int partition) {
  folding_.erase(partition);
  tell(partition, {});
}

void FoldWorker::tell(int part, const std::string& trouble) {
  const auto found = troubles_.find(part);
  if (trouble == (found == troubles_.end() ? "" : found->second)) return;
  if (trouble.empty()) {
    troubles_.erase(found);
  } else {
    troubles_[part] = trouble;
  }
  std::string all;
  for (const auto& [one, sentence] : troubles_) all += (all.empty() ? "" : " ") + sentence;
  on_trouble_(all);
}

void FoldWorker::outdone(int partition) {
  loop_.post(alive_.task([this, partition] {
    drop(partition);
    loop_.post_after(limits::kReclaimUs, alive_.task([this, partition] {
      const bool ours = assigned_.count(partition) > 0 && !stopping_;
      if (ours && folding_.count(partition) == 0) fold(partition);
    }));
  }));
}

void FoldWorker::failed(const Error& error) {
  spdlog::error("fold: out of the group: {}", error.message);
  assigned_.clear();
  folding_.clear();
  troubles_.clear();
  tell(kGroup, error.message);
  // Posted: the membership calls from within itself.
  loop_.post(alive_.task([this] { membership_.reset(); }));
  loop_.post_after(kRejoinUs, alive_.task([this] { join(); }));
}

void FoldWorker::stop(UniqueFunction<void()> stopped) {
  loop_.post(alive_.task([this, stopped = std::move(stopped)]() mutable {
    stopping_ = true;
    hand_over(std::move(stopped));
  }));
}

void FoldWorker::hand_over(UniqueFunction<void()> stopped) {
  auto told = std::make_shared<UniqueFunction<void()>>(std::move(stopped));
  const auto leave = [this, told] {
    if (!*told) return;
    folding_.clear();
    membership_.reset();  // now the others may have them
    std::exchange(*told, {})();
  };
  auto left = std::make_shared<std::size_t>(folding_.size() + 1);
  const auto one_stopped = [this, left, leave] {
    if (--*left == 0) loop_.post(alive_.task(leave));
  };
  for (const auto& [partition, loop] : folding_) loop->stop(one_stopped);
  one_stopped();
  loop_.post_after(limits::kHandOverUs, alive_.task(leave));
}

}  // namespace telltale::loops
