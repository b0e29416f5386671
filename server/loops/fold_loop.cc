#include "loops/fold_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/limits.h"
#include "keep/refold.h"
#include "schema/event.pb.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kReadWaitUs = 500'000;  // bounds how late a due checkpoint is seen
constexpr std::int64_t kRetryUs = 500'000;
// A log that has lost what was folded is looked at again this often: a person has to decide.
constexpr std::int64_t kBrokenLogUs = 10'000'000;

}  // namespace

FoldLoop::FoldLoop(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters,
                   int partition, FoldMemory& memory, UniqueFunction<void()> lost,
                   OnTrouble on_trouble, ArchivePace pace, FoldLimits limits)
    : loop_(loop),
      log_(log),
      store_(store),
      counters_(counters),
      partition_{ports::kEventsTopic, partition},
      claim_(loop, store, partition),
      archive_(loop, store, counters, pace),
      lost_(std::move(lost)),
      on_trouble_(std::move(on_trouble)),
      limits_(limits),
      memory_(memory),
      save_gap_us_(limits::kCheckpointUs) {}

FoldLoop::~FoldLoop() {
  for (const auto& [key, run] : runs_) memory_.bytes -= run.bytes;
}

void FoldLoop::start() {
  loop_.post(alive_.task([this] { claim(); }));
}

void FoldLoop::claim() {
  if (stopped_) {
    finish();
    return;
  }
  claim_.claim([this](Status status) {
    claimed_ = status.ok();
    fold_from_ = claim_.next();
    archive_from_ = claim_.archived().next;
    next_ = std::min(fold_from_, archive_from_);
    if (claimed_) archive_.start(claim_.generation(), claim_.archived());
    if (stopped_) {
      finish();
      return;
    }
    if (!status.ok()) {
      if (status.error().code == ErrorCode::closed) return;
      spdlog::warn("fold: partition {} cannot be taken yet: {}", partition_.number,
                   status.error().message);
      retry_after(kRetryUs, [this] { claim(); });
      return;
    }
    saved_at_us_ = loop_.steady_us();
    counters_.add(Counter::partitions_taken);
    spdlog::info("fold: partition {} taken under generation {}, folded up to {}, archived up to {}",
                 partition_.number, claim_.generation(), to_number(fold_from_),
                 to_number(archive_from_));
    compare_with_log();
  });
}

// What is folded was in the log. If it is no more, this is another log, and its offsets mean other
// events.
void FoldLoop::compare_with_log() {
  auto compared = [this](Result<ports::Bounds> bounds) {
    if (ended()) return;
    if (!bounds.ok()) {
      if (bounds.error().code == ErrorCode::closed) return;
      spdlog::warn("fold: the log cannot be read: {}", bounds.error().message);
      retry_after(kRetryUs, [this] { compare_with_log(); });
    } else if (const LogOffset known = std::max(folded(), archive_from_); bounds->end < known) {
      // The way out is said by HealthLoop, which finds the same.
      spdlog::error("fold: partition {} of {} ends at {}, but was folded up to {}; it waits",
                    partition_.number, partition_.topic, to_number(bounds->end), to_number(known));
      retry_after(kBrokenLogUs, [this] { compare_with_log(); });
    } else {
      skip_to(bounds->begin, [this] { read(); });
    }
  };
  log_.bounds(partition_, alive_.answer<Result<ports::Bounds>>(loop_, compared));
}

void FoldLoop::read() {
  if (archive_.full()) {
    archive_.when_room([this] {
      if (!ended()) read();
    });
    return;
  }
  ports::ReadLimits limits;
  limits.wait_us = kReadWaitUs;
  auto done = [this](Result<Batch> batch) {
    if (ended()) return;
    if (!batch.ok()) {
      if (batch.error().code == ErrorCode::closed) return;
      spdlog::error("fold: the log cannot be read: {}", batch.error().message);
      retry_after(kRetryUs, [this] { read(); });
      return;
    }
    auto shared = std::make_shared<Batch>(batch.take());
    skip_to(shared->empty() ? next_ : shared->front().offset,
            [this, shared] { fold_batch(shared, 0); });
  };
  log_.read(partition_, next_, limits, alive_.answer<Result<Batch>>(loop_, std::move(done)));
}

// What the log no longer has was folded by somebody else meanwhile, who holds the partition now; or
// it is gone, and everybody else starts after it too.
void FoldLoop::skip_to(LogOffset first, UniqueFunction<void()> then) {
  if (first <= next_) {
    then();
    return;
  }
  claim_.confirm([this, first, then = std::move(then)](Status status) mutable {
    if (ended()) return;
    if (!status.ok()) {
      if (status.error().code == ErrorCode::precondition_failed) {
        give_up(status.error());
      } else if (status.error().code != ErrorCode::closed) {
        retry_after(kRetryUs, [this] { read(); });
      }
      return;
    }
    // What the archive has is folded from there, when its run is.
    const LogOffset known = std::max(folded(), archive_from_);
    if (first > known) {
      const std::uint64_t missing = to_number(first) - to_number(known);
      counters_.add(Counter::events_expired, missing);
      spdlog::error(
          "fold: {} events of partition {} were gone from the log before they were folded", missing,
          partition_.number);
    }
    archive_.skip_to(first);
    next_ = first;
    then();
  });
}

void FoldLoop::fold_batch(std::shared_ptr<Batch> batch, std::size_t from) {
  const std::int64_t began_us = loop_.steady_us();
  for (std::size_t i = from; i < batch->size(); ++i) {
    if (i > from && loop_.steady_us() - began_us > limits::kTurnUs) {
      loop_.post(alive_.task([this, batch, i] {
        if (!ended()) fold_batch(batch, i);
      }));
      return;
    }
    const ports::StoredRecord& record = (*batch)[i];
    const std::optional<RunKey> key = RunKey::parse(record.record.key);
    if (record.record.key.empty()) continue;  // holds the place where a mended log goes on
    if (!key) {
      counters_.add(Counter::records_unreadable);
      continue;
    }
    Before before;
    if (record.offset >= fold_from_) {
      const auto found = runs_.find(*key);
      if (found == runs_.end()) {
        load_run(*key, record.offset, [this, batch, i] { fold_batch(batch, i); });
        return;
      }
      // A snapshot may be ahead: then what stood before this event is not known.
      const fold::RunView& view = found->second.view;
      before.known = view.empty() || view.position() < record.offset;
      if (before.known && !view.empty()) before.event = view.position();
      apply(found->second, record);
    }
    if (record.offset >= archive_from_) archive_.add(*key, record, before);
  }
  if (!batch->empty()) {
    next_ = telltale::next(batch->back().offset);
    publish_soon();
  }
  archive_.read_up_to(next_);
  checkpoint_if_due();
  read();
}

// Into memory, with every event before `at`, which is the next one of its own.
void FoldLoop::load_run(const RunKey& key, LogOffset at, UniqueFunction<void()> loaded) {
  claim_.load(key, [this, key, at, loaded = std::move(loaded)](auto view) mutable {
    if (ended()) return;
    if (!view.ok()) {
      not_loaded(view.error(), [this, key, at, loaded = std::move(loaded)]() mutable {
        load_run(key, at, std::move(loaded));
      });
    } else if (view->has_value()) {
      keep(key, std::move(**view));
      loaded();
    } else {
      refold_run(key, at, std::move(loaded));
    }
  });
}

// Without a snapshot: a run that begins, or one whose snapshot is lost or of another version.
void FoldLoop::refold_run(const RunKey& key, LogOffset at, UniqueFunction<void()> loaded) {
  auto refolded = [this, key, at, loaded = std::move(loaded)](Result<fold::RunView> view) mutable {
    if (ended()) return;
    if (!view.ok()) {
      not_loaded(view.error(), [this, key, at, loaded = std::move(loaded)]() mutable {
        refold_run(key, at, std::move(loaded));
      });
      return;
    }
    FoldedRun& run = keep(key, view.take());
    run.unsaved = run.unpublished = !run.view.empty();
    loaded();
  };
  keep::refold(loop_, store_, counters_, key, at, archive_.on_their_way(key),
               alive_.call<Result<fold::RunView>>(std::move(refolded)));
}

void FoldLoop::count_told(fold::RepeatGuard::Told told) {
  if (told == fold::RepeatGuard::Told::again) counters_.add(Counter::events_repeated);
  if (told == fold::RepeatGuard::Told::late) counters_.add(Counter::events_late);
}

// Others make room for it.
FoldLoop::FoldedRun& FoldLoop::keep(const RunKey& key, fold::RunView view) {
  if (memory_.bytes + view.bytes() > limits_.memory_bytes) evict();
  FoldedRun& run = runs_.emplace(key, FoldedRun(std::move(view))).first->second;
  run.used = ++memory_.uses;
  weigh(run);
  return run;
}

void FoldLoop::weigh(FoldedRun& run) {
  memory_.bytes -= run.bytes;
  run.bytes = run.view.bytes();
  memory_.bytes += run.bytes;
}

void FoldLoop::not_loaded(const Error& error, UniqueFunction<void()> again) {
  if (error.code == ErrorCode::precondition_failed) {
    give_up(error);
  } else if (error.code != ErrorCode::closed) {
    spdlog::error("fold: a run cannot be read from the store: {}", error.message);
    retry_after(kRetryUs, std::move(again));
  }
}

void FoldLoop::apply(FoldedRun& run, const ports::StoredRecord& record) {
  schema::Event event;
  if (!event.ParseFromString(record.record.value)) {
    counters_.add(Counter::records_unreadable);
    return;
  }
  run.used = ++memory_.uses;
  const bool known = record.offset <= run.view.position() && !run.view.empty();
  const bool changed = run.view.apply(record.offset, event);
  if (!known) count_told(run.view.last_told());
  weigh(run);
  if (!changed) return;
  run.unsaved = true;
  run.unpublished = true;
}

void FoldLoop::stop(UniqueFunction<void()> stopped) {
  if (over_) {
    stopped();
    return;
  }
  stopped_ = std::move(stopped);
  if (claimed_) finish();  // else when the claim under way is answered
}

// What is under way is dropped: a batch half folded is folded again by whoever comes next.
void FoldLoop::finish() {
  if (over_ || saving_) return;  // saved() comes back here
  if (claimed_ && !std::exchange(saved_last_, true) && has_news()) {
    save();
    return;
  }
  over_ = true;
  archive_.stop();
  std::exchange(stopped_, {})();
}

void FoldLoop::give_up(const Error& error) {
  if (std::exchange(over_, true)) return;
  archive_.stop();
  spdlog::warn("fold: {}; leaving it to the other one", error.message);
  counters_.add(Counter::partitions_lost);
  if (stopped_) {
    std::exchange(stopped_, {})();
  } else {
    lost_();
  }
}

void FoldLoop::retry_after(std::int64_t delay_us, UniqueFunction<void()> what) {
  loop_.post_after(delay_us, alive_.task([this, what = std::move(what)]() mutable {
    if (!over_) what();
  }));
}

}  // namespace telltale::loops
