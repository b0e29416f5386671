#include "loops/fold_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/limits.h"
#include "fold/snapshot.h"
#include "fold/view_encoder.h"
#include "schema/event.pb.h"
#include "schema/view.pb.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kReadWaitUs = 500'000;  // bounds how late stop() and a checkpoint are seen
constexpr std::int64_t kRetryUs = 500'000;
// Writing snapshots may take at most a twentieth of the time.
constexpr std::int64_t kSaveShare = 20;
constexpr std::size_t kRunsInMemory =
    256;  // ended or quiet ones beyond it are read back when needed

}  // namespace

// One checkpoint under way: the snapshots still to be put, then the checkpoint itself.
struct FoldLoop::Saving {
  fold::Checkpoint checkpoint;
  std::vector<std::pair<RunKey, std::string>> snapshots;
  std::int64_t started_at_us = 0;
  UniqueFunction<void(bool)> done;
};

FoldLoop::FoldLoop(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters,
                   int partition)
    : loop_(loop),
      log_(log),
      store_(store),
      counters_(counters),
      partition_{ports::kEventsTopic, partition},
      save_gap_us_(limits::kCheckpointUs) {}

FoldLoop::~FoldLoop() { *alive_ = false; }

template <typename T, typename F>
ports::Completion<T> FoldLoop::answer(F done) {
  return {loop_, [alive = alive_, done = std::move(done)](T value) mutable {
            if (*alive) done(std::move(value));
          }};
}

void FoldLoop::start() {
  loop_.post([this, alive = alive_] {
    if (*alive) load_checkpoint();
  });
}

void FoldLoop::load_checkpoint() {
  store_.get(fold::checkpoint_key(partition_.number), {},
             answer<Result<ports::Object>>([this](Result<ports::Object> object) {
               if (!object.ok() && object.error().code != ErrorCode::not_found) {
                 spdlog::error("fold: the checkpoint cannot be read: {}", object.error().message);
                 retry([this] { load_checkpoint(); });
                 return;
               }
               if (object.ok()) {
                 const Result<fold::Checkpoint> found = fold::decode_checkpoint(object->bytes);
                 if (found.ok() && found.value().fold_version == fold::kFoldVersion) {
                   next_ = saved_next_ = found.value().next;
                 } else {
                   spdlog::info("fold: no usable checkpoint, folding all events again");
                 }
               }
               saved_at_us_ = to_number(loop_.now());
               read();
             }));
}

void FoldLoop::read() {
  if (stopping_) {
    save([this](bool) {
      if (stopped_) stopped_();
    });
    return;
  }
  ports::ReadLimits limits;
  limits.wait_us = kReadWaitUs;
  using Batch = std::vector<ports::StoredRecord>;
  log_.read(partition_, next_, limits, answer<Result<Batch>>([this](Result<Batch> batch) {
              if (!batch.ok()) {
                if (batch.error().code == ErrorCode::closed) return;
                spdlog::error("fold: the log cannot be read: {}", batch.error().message);
                retry([this] { read(); });
                return;
              }
              fold_batch(std::make_shared<Batch>(batch.take()), 0);
            }));
}

void FoldLoop::fold_batch(std::shared_ptr<std::vector<ports::StoredRecord>> batch,
                          std::size_t from) {
  for (std::size_t i = from; i < batch->size(); ++i) {
    const ports::StoredRecord& record = (*batch)[i];
    const std::optional<RunKey> key = RunKey::parse(record.record.key);
    if (!key) {
      counters_.add(Counter::records_unreadable);
      continue;
    }
    const auto found = runs_.find(*key);
    if (found == runs_.end()) {
      load_run(*key, [this, batch, i] { fold_batch(batch, i); });
      return;
    }
    apply(found->second, record);
  }
  if (!batch->empty()) {
    next_ = telltale::next(batch->back().offset);
    publish_soon();
  }
  checkpoint_if_due();
  read();
}

void FoldLoop::load_run(const RunKey& key, UniqueFunction<void()> loaded) {
  auto done = [this, key, loaded = std::move(loaded)](Result<ports::Object> object) mutable {
    if (!object.ok() && object.error().code != ErrorCode::not_found) {
      spdlog::error("fold: a snapshot cannot be read: {}", object.error().message);
      retry(
          [this, key, loaded = std::move(loaded)]() mutable { load_run(key, std::move(loaded)); });
      return;
    }
    FoldedRun run(key);
    // At offset 0 everything is folded again, so what an earlier version left is not looked at.
    if (object.ok() && saved_next_ > LogOffset{0}) {
      Result<fold::RunView> view = fold::decode(object->bytes);
      if (view.ok()) {
        run.view = view.take();
      } else {
        spdlog::error("fold: the snapshot of run {} is lost: {}", key.text(), view.error().message);
      }
    }
    runs_.emplace(key, std::move(run));
    loaded();
  };
  store_.get(fold::snapshot_key(key), {}, answer<Result<ports::Object>>(std::move(done)));
}

void FoldLoop::apply(FoldedRun& run, const ports::StoredRecord& record) {
  schema::Event event;
  if (!event.ParseFromString(record.record.value)) {
    counters_.add(Counter::records_unreadable);
    return;
  }
  run.used_at_us = to_number(loop_.now());
  if (!run.view.apply(record.offset, event)) return;
  run.unsaved = true;
  run.unpublished = true;
}

void FoldLoop::publish_soon() {
  if (publish_posted_) return;
  publish_posted_ = true;
  // The first change goes out at once, those of the next moments together.
  loop_.post([this, alive = alive_] {
    if (!*alive) return;
    publish();
    loop_.post_after(limits::kSummaryGapUs, [this, alive = alive_] {
      if (!*alive) return;
      publish_posted_ = false;
      const bool more = std::any_of(runs_.begin(), runs_.end(),
                                    [](const auto& entry) { return entry.second.unpublished; });
      if (more) publish_soon();
    });
  });
}

void FoldLoop::publish() {
  std::vector<ports::Record> records;
  for (auto& [key, run] : runs_) {
    if (!run.unpublished) continue;
    run.unpublished = false;
    records.push_back(
        {key.text(), fold::encode_summary(run.view).SerializeAsString(), to_number(loop_.now())});
  }
  if (records.empty()) return;
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  std::vector<std::string> keys;
  for (const ports::Record& record : records) keys.push_back(record.key);
  log_.append(ports::kRunsTopic, std::move(records),
              answer<Result<ports::Appended>>([this, keys](Result<ports::Appended> appended) {
                if (appended.ok() || appended.error().code == ErrorCode::closed) return;
                // Said again with the next change, or after a while.
                for (const std::string& key : keys) {
                  const auto found = runs_.find(*RunKey::parse(key));
                  if (found != runs_.end()) found->second.unpublished = true;
                }
                retry([this] { publish_soon(); });
              }));
}

void FoldLoop::checkpoint_if_due() {
  if (saving_ || next_ == saved_next_) return;
  if (to_number(loop_.now()) - saved_at_us_ < save_gap_us_) return;
  save([](bool) {});
}

void FoldLoop::save(UniqueFunction<void(bool)> done) {
  auto saving = std::make_shared<Saving>();
  saving->checkpoint = {next_, fold::kFoldVersion};
  saving->started_at_us = to_number(loop_.now());
  saving->done = std::move(done);
  for (auto& [key, run] : runs_) {
    if (!run.unsaved) continue;
    run.unsaved = false;
    saving->snapshots.emplace_back(key, fold::encode(run.view));
  }
  std::sort(saving->snapshots.begin(), saving->snapshots.end());
  saving_ = true;
  save_next(saving);
}

void FoldLoop::save_next(std::shared_ptr<Saving> saving) {
  if (saving->snapshots.empty()) {
    save_checkpoint(saving);
    return;
  }
  auto [key, bytes] = std::move(saving->snapshots.back());
  saving->snapshots.pop_back();
  store_.put(fold::snapshot_key(key), std::move(bytes), {},
             answer<Result<std::string>>([this, saving, key = key](Result<std::string> put) {
               if (put.ok()) {
                 save_next(saving);
                 return;
               }
               spdlog::error("fold: a snapshot cannot be written: {}", put.error().message);
               saving->snapshots.emplace_back(key, "");
               saved(saving, false);
             }));
}

void FoldLoop::save_checkpoint(std::shared_ptr<Saving> saving) {
  store_.put(fold::checkpoint_key(partition_.number), fold::encode_checkpoint(saving->checkpoint),
             {}, answer<Result<std::string>>([this, saving](Result<std::string> put) {
               if (!put.ok())
                 spdlog::error("fold: the checkpoint cannot be written: {}", put.error().message);
               saved(saving, put.ok());
             }));
}

void FoldLoop::saved(const std::shared_ptr<Saving>& saving, bool ok) {
  saving_ = false;
  saved_at_us_ = to_number(loop_.now());
  counters_.add(ok ? Counter::checkpoints : Counter::checkpoint_failures);
  if (ok) {
    saved_next_ = saving->checkpoint.next;
    const std::int64_t took_us = saved_at_us_ - saving->started_at_us;
    save_gap_us_ = std::max(limits::kCheckpointUs, took_us * kSaveShare);
    log_.commit("fold", partition_, saved_next_, answer<Status>([](Status) {
                  // Only retention looks at it; the checkpoint is what recovery reads.
                }));
    evict();
  } else {
    // What was not written is written with the next checkpoint.
    for (const auto& [key, bytes] : saving->snapshots) {
      const auto found = runs_.find(key);
      if (found != runs_.end()) found->second.unsaved = true;
    }
  }
  saving->done(ok);
}

// Ended or quiet runs whose every event is in the store leave memory, the longest unused first.
void FoldLoop::evict() {
  if (runs_.size() <= kRunsInMemory) return;
  std::vector<std::pair<std::int64_t, RunKey>> unused;
  for (const auto& [key, run] : runs_) {
    if (!run.unsaved && !run.unpublished) unused.emplace_back(run.used_at_us, key);
  }
  std::sort(unused.begin(), unused.end());
  for (const auto& [used_at_us, key] : unused) {
    if (runs_.size() <= kRunsInMemory) return;
    runs_.erase(key);
  }
}

void FoldLoop::retry(UniqueFunction<void()> what) {
  loop_.post_after(kRetryUs, [alive = alive_, what = std::move(what)]() mutable {
    if (*alive) what();
  });
}

void FoldLoop::stop(UniqueFunction<void()> stopped) {
  loop_.post([this, alive = alive_, stopped = std::move(stopped)]() mutable {
    if (!*alive) return;
    stopping_ = true;  // seen when the read under way ends
    stopped_ = std::move(stopped);
  });
}

}  // namespace telltale::loops
