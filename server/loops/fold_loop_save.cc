// FoldLoop: what leaves it: summaries to the log, checkpoints to the store.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/limits.h"
#include "fold/snapshot.h"
#include "fold/view_encoder.h"
#include "loops/fold_loop.h"
#include "schema/view.pb.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kRetryUs = 500'000;
// Writing snapshots may take at most a twentieth of the time.
constexpr std::int64_t kSaveShare = 20;
// Where runs leave memory for others, this share of it is made free: to look for them takes time.
constexpr std::size_t kFreedShare = 8;
// The embedded log lets go of what a checkpoint has after this: who follows the log is never so far
// behind.
constexpr std::int64_t kForgetUs = 60'000'000;

}  // namespace

void FoldLoop::publish_soon() {
  if (publish_posted_) return;
  publish_posted_ = true;
  // The first change goes out at once, those of the next moments together; and with those of this
  // process's other partitions, at the same moments: a log takes what comes at a time as one.
  loop_.post(alive_.task([this] {
    publish([this](Status status) {
      if (!status.ok() && status.error().code != ErrorCode::closed)
        retry_after(kRetryUs, [this] { publish_soon(); });
    });
    const std::int64_t gap_us = limits::kSummaryGapUs - loop_.steady_us() % limits::kSummaryGapUs;
    loop_.post_after(gap_us, alive_.task([this] {
      publish_posted_ = false;
      const bool more = std::any_of(runs_.begin(), runs_.end(),
                                    [](const auto& entry) { return entry.second.unpublished; });
      if (more) publish_soon();
    }));
  }));
}

void FoldLoop::publish(Answer done) {
  publish_waiting_.push_back(std::move(done));
  if (!publishing_) publish_next();
}

// The newest summary of a run is all that is ever seen again, so one that wakes late must not say
// an older one: after a while without word from the store, the claim is looked at first.
void FoldLoop::publish_next() {
  if (over_ || publish_waiting_.empty()) return;
  if (loop_.steady_us() - claim_.confirmed_at_us() > limits::kClaimTrustUs) {
    publishing_ = true;
    claim_.confirm([this](Status status) {
      publishing_ = false;
      if (status.ok()) {
        publish_next();
      } else if (status.error().code == ErrorCode::precondition_failed) {
        give_up(status.error());
      } else {
        for (Answer& answer : std::exchange(publish_waiting_, {})) answer(status);
      }
    });
    return;
  }
  std::vector<ports::Record> records;
  for (auto& [key, run] : runs_) {
    if (!run.unpublished) continue;
    run.unpublished = false;
    records.push_back(
        {key.text(), fold::encode_listed(run.view).SerializeAsString(), to_number(loop_.now())});
  }
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  append_summaries(std::move(records));
}

void FoldLoop::append_summaries(std::vector<ports::Record> records) {
  std::vector<RunKey> runs;
  for (const ports::Record& record : records) runs.push_back(*RunKey::parse(record.key));
  auto answered = std::make_shared<std::vector<Answer>>(std::exchange(publish_waiting_, {}));
  auto done = [this, runs, answered](const Status& status) {
    publishing_ = false;
    for (const RunKey& run : runs) {
      const auto found = runs_.find(run);
      if (!status.ok() && found != runs_.end()) found->second.unpublished = true;
    }
    for (Answer& answer : *answered) answer(status);
    if (!publishing_) publish_next();
    if (!publishing_ && evict_later_) evict();
  };
  if (records.empty()) {
    done(Done{});
    return;
  }
  publishing_ = true;
  log_.append(
      ports::kRunsTopic, std::move(records),
      alive_.answer<Result<ports::Appended>>(loop_, [done](Result<ports::Appended> appended) {
        done(appended.ok() ? Status(Done{}) : appended.error());
      }));
}

void FoldLoop::checkpoint_if_due() {
  if (saving_ || loop_.steady_us() - saved_at_us_ < save_gap_us_ || !has_news()) return;
  save();
}

// Summaries first: what a checkpoint holds is not folded again, and so not said again.
void FoldLoop::save() {
  saving_ = true;
  save_began_at_us_ = loop_.steady_us();
  publish([this, next = folded()](Status status) {
    if (status.ok()) {
      save_runs(next);
    } else {
      saved(status);
    }
  });
}

void FoldLoop::save_runs(LogOffset next) {
  std::vector<RunKey> changed;
  for (const auto& [key, run] : runs_) {
    if (!run.unsaved) continue;
    changed.push_back(key);
    if (fold::has_ended(run.view.header().state)) archive_.close(key);
  }
  std::sort(changed.begin(), changed.end());
  saving_runs_.clear();
  claim_.save(
      next, archive_.archived(), std::move(changed),
      [this](const RunKey& key) { return encode(key); }, [this](Status status) { saved(status); });
}

Result<PartitionClaim::Snapshot> FoldLoop::encode(const RunKey& key) {
  FoldedRun& run = runs_.at(key);
  run.unsaved = false;
  saving_runs_.push_back(key);
  Result<std::string> bytes = fold::encode(run.view, limits_.snapshot_bytes);
  if (bytes.ok())
    return PartitionClaim::Snapshot{bytes.take(), fold::has_ended(run.view.header().state)};
  counters_.add(Counter::snapshots_refused);
  if (!std::exchange(run.refused, true)) {
    spdlog::error("fold: run {} has no snapshot any more, it is folded from its events: {}",
                  key.text(), bytes.error().message);
  }
  return bytes.error();
}

void FoldLoop::saved(const Status& status) {
  saving_ = false;
  saved_at_us_ = loop_.steady_us();
  counters_.add(status.ok() ? Counter::checkpoints : Counter::checkpoint_failures);
  if (status.ok()) {
    save_gap_us_ = std::max(limits::kCheckpointUs, (saved_at_us_ - save_began_at_us_) * kSaveShare);
    const LogOffset needed = std::min(claim_.next(), claim_.archived().next);
    log_.commit(kFoldGroup, partition_, needed, alive_.answer<Status>(loop_, [](Status) {
      // Recovery reads the checkpoint; this tells operators from where on, and what may expire.
    }));
    forget(needed);
    if (std::exchange(failed_saves_, 0) > 1) on_trouble_({});
    evict();
  } else {
    for (const RunKey& key : saving_runs_) runs_.at(key).unsaved = true;  // with the next one
    if (status.error().code == ErrorCode::precondition_failed) {
      give_up(status.error());
      return;
    }
    const std::string trouble = fmt::format("the checkpoint of partition {} cannot be written: {}",
                                            partition_.number, status.error().message);
    spdlog::error("fold: {}", trouble);
    // Once is no reason to send readers elsewhere.
    if (++failed_saves_ == 2) on_trouble_(trouble);
  }
  saving_runs_.clear();
  if (stopped_) finish();
}

// The log may let go of what the store had a while ago. Until then who reads the log from before
// that is still served; later, who opens a run finds a newer checkpoint.
void FoldLoop::forget(LogOffset stored) {
  const std::int64_t now_us = loop_.steady_us();
  if (stored_.empty() || stored_.back().second < stored) stored_.emplace_back(now_us, stored);
  std::optional<LogOffset> before;
  while (!stored_.empty() && stored_.front().first <= now_us - kForgetUs) {
    before = stored_.front().second;
    stored_.pop_front();
  }
  if (!before) return;
  log_.forget(partition_, *before, alive_.answer<Status>(loop_, [](Status status) {
    if (!status.ok() && status.error().code != ErrorCode::closed)
      spdlog::warn("fold: the log does not let go of what is stored: {}", status.error().message);
  }));
}

// Runs whose every event is in the store leave memory: those that ended at once, of the others the
// longest unused first, until all of this worker's fit. The one that was used last stays.
void FoldLoop::evict() {
  evict_later_ = publishing_ || saving_;  // else a failure finds its run no more
  if (evict_later_) return;
  std::vector<std::pair<std::uint64_t, RunKey>> unused;
  for (auto it = runs_.begin(); it != runs_.end();) {
    const FoldedRun& run = it->second;
    const bool kept = !run.unsaved && !run.unpublished;
    if (kept && fold::has_ended(run.view.header().state)) {
      memory_.bytes -= run.bytes;
      it = runs_.erase(it);
      continue;
    }
    if (kept && run.used < memory_.uses) unused.emplace_back(run.used, it->first);
    ++it;
  }
  if (memory_.bytes <= limits_.memory_bytes) return;
  std::sort(unused.begin(), unused.end());
  for (const auto& [used, key] : unused) {
    if (memory_.bytes <= limits_.memory_bytes - limits_.memory_bytes / kFreedShare) return;
    const auto found = runs_.find(key);
    memory_.bytes -= found->second.bytes;
    runs_.erase(found);
  }
}

}  // namespace telltale::loops
