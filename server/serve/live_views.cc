#include "serve/live_views.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/limits.h"
#include "fold/snapshot.h"
#include "keep/checkpoint.h"
#include "keep/refold.h"
#include "schema/event.pb.h"

namespace telltale::serve {
namespace {

constexpr std::int64_t kEvictEveryUs = 5'000'000;
constexpr std::int64_t kKeptUnwatchedUs = 30'000'000;  // a reader that polls finds it warm
constexpr std::int64_t kRetryUs = 500'000;
// What is read there exists; a log on another machine needs a moment to bring it.
constexpr std::int64_t kCatchUpWaitUs = 2'000'000;
// A snapshot that moves while it is looked for moves once a checkpoint at most.
constexpr int kFindAttempts = 3;
// Where runs leave memory for others, this share of it is made free: to look for them takes time.
constexpr std::size_t kFreedShare = 8;

Error no_room() {
  return {ErrorCode::unavailable,
          "This server holds as many runs in memory as it may, and all of them are being watched. "
          "Ask again in a moment."};
}

}  // namespace

// A run on its way into memory: checkpoint, snapshot (or the archived events), then the log from
// there to where the tail stands.
struct LiveViews::Opening {
  RunKey key;
  ports::Partition partition;
  RunPtr run;
  LogOffset next{};
  LogOffset archived{};  // every event before it is in the archive
  std::uint64_t since_generation = 0;
  bool seen = false;
  int attempts = 0;  // to find its snapshot
  int gaps = 0;      // of the log after it
  std::vector<Opened> waiting;
};

LiveViews::LiveViews(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters,
                     WatchLimits limits)
    : loop_(loop),
      log_(log),
      store_(store),
      counters_(counters),
      limits_(limits),
      outgoing_(limits.outgoing_bytes) {}

LiveViews::~LiveViews() { *alive_ = false; }

void LiveViews::start(UniqueFunction<void()> ready) {
  const int partitions = log_.partition_count(ports::kEventsTopic);
  tails_.resize(static_cast<std::size_t>(partitions));
  tails_missing_ = partitions;
  ready_ = std::move(ready);
  for (int number = 0; number < partitions; ++number) start_tail(number);
  loop_.post_after(kEvictEveryUs, [this, alive = alive_] {
    if (*alive) evict();
  });
}

void LiveViews::start_tail(int number) {
  const ports::Partition partition{ports::kEventsTopic, number};
  auto done = [this, alive = alive_, partition](Result<ports::Bounds> bounds) {
    if (!*alive) return;
    if (!bounds.ok()) {
      if (bounds.error().code == ErrorCode::closed) return;
      loop_.post_after(kRetryUs, [this, alive, number = partition.number] {
        if (*alive) start_tail(number);
      });
      return;
    }
    tails_[static_cast<std::size_t>(partition.number)] = std::make_unique<Tail>(
        loop_, log_, partition, bounds->end, [this](const auto& batch) { on_batch(batch); });
    if (--tails_missing_ == 0) std::exchange(ready_, {})();
  };
  log_.bounds(partition, {loop_, std::move(done)});
}

void LiveViews::open(const RunKey& key, Opened opened) {
  if (const auto found = runs_.find(key); found != runs_.end()) {
    found->second->unwatched_since_us = 0;
    found->second->used = ++uses_;
    opened(found->second);
    return;
  }
  if (const auto found = openings_.find(key); found != openings_.end()) {
    found->second->waiting.push_back(std::move(opened));
    return;
  }
  if (openings_.size() >= limits_.openings + limits_.openings_waiting) {
    counters_.add(Counter::runs_not_opened);
    opened(Error{ErrorCode::unavailable,
                 "This server is opening as many runs as it may. Ask again in a moment."});
    return;
  }
  auto opening = std::make_shared<Opening>();
  opening->key = key;
  opening->partition = {ports::kEventsTopic, log_.partition_of(ports::kEventsTopic, key.text())};
  opening->waiting.push_back(std::move(opened));
  openings_.emplace(key, opening);
  openings_waiting_.push_back(std::move(opening));
  begin_openings();
}

void LiveViews::begin_openings() {
  while (openings_begun_ < limits_.openings && !openings_waiting_.empty()) {
    const OpeningPtr opening = std::move(openings_waiting_.front());
    openings_waiting_.pop_front();
    ++openings_begun_;
    load_checkpoint(opening);
  }
}

// The checkpoint first: a snapshot read after it holds everything up to it, or more.
void LiveViews::load_checkpoint(const OpeningPtr& opening) {
  auto done = [this, alive = alive_, opening](Result<ports::Object> object) {
    if (!*alive) return;
    if (opening->run != nullptr) memory_ -= opening->run->bytes;
    opening->run = std::make_shared<WatchedRun>(opening->key);
    opening->next = opening->archived = LogOffset{0};
    opening->seen = false;
    if (!object.ok() && object.error().code != ErrorCode::not_found) {
      finish(opening, object.error());
      return;
    }
    const Result<keep::Checkpoint> checkpoint = object.ok()
                                                    ? keep::decode_checkpoint(object->bytes)
                                                    : Result<keep::Checkpoint>(object.error());
    if (checkpoint.ok()) opening->archived = checkpoint->archived.next;
    // One of another fold version starts from the events, like the fold itself does.
    if (!checkpoint.ok() || checkpoint.value().fold_version != fold::kFoldVersion) {
      fold_again(opening);
      return;
    }
    opening->next = checkpoint.value().next;
    opening->since_generation = checkpoint.value().since_generation;
    const auto open = checkpoint.value().runs.find(opening->key);
    if (open == checkpoint.value().runs.end()) {
      load_manifest(opening);
      return;
    }
    const keep::SnapshotPlace& place = open->second;
    load_snapshot(opening, keep::pack_key(opening->partition.number, place.pack),
                  {place.offset, place.length});
  };
  store_.get(keep::checkpoint_key(opening->partition.number), {}, {loop_, std::move(done)});
}

void LiveViews::load_manifest(const OpeningPtr& opening) {
  auto done = [this, alive = alive_, opening](Result<ports::Object> object) {
    if (!*alive) return;
    if (!object.ok()) {
      if (object.error().code == ErrorCode::not_found) {
        fold_again(opening);  // it may be so new that it has none
      } else {
        finish(opening, object.error());
      }
      return;
    }
    const Result<keep::Manifest> manifest = keep::decode_manifest(object->bytes);
    if (!manifest.ok()) {
      not_usable(opening, manifest.error());
    } else if (manifest->snapshot.generation < opening->since_generation) {
      fold_again(opening);
    } else {
      load_snapshot(opening, keep::snapshot_key(opening->key, manifest->snapshot), {});
    }
  };
  store_.get(keep::manifest_key(opening->key), {}, {loop_, std::move(done)});
}

void LiveViews::load_snapshot(const OpeningPtr& opening, std::string key, ports::ByteRange range) {
  auto done = [this, alive = alive_, opening](Result<ports::Object> object) {
    if (!*alive) return;
    if (!object.ok()) {
      // A newer checkpoint has moved it meanwhile.
      if (object.error().code == ErrorCode::not_found && ++opening->attempts < kFindAttempts) {
        load_checkpoint(opening);
      } else if (object.error().code == ErrorCode::not_found) {
        not_usable(opening, object.error());
      } else {
        finish(opening, object.error());
      }
      return;
    }
    if (!has_room(*opening->run, object->bytes.size())) {
      finish(opening, no_room());
      return;
    }
    Result<fold::RunView> view = fold::decode(object->bytes);
    if (!view.ok()) {
      not_usable(opening, view.error());
      return;
    }
    opening->run->view = view.take();
    opening->seen = true;
    catch_up(opening);
  };
  store_.get(std::move(key), range, {loop_, std::move(done)});
}

void LiveViews::not_usable(const OpeningPtr& opening, const Error& error) {
  spdlog::warn("serve: the snapshot of run {} is not usable, folding it again: {}",
               opening->key.text(), error.message);
  fold_again(opening);
}

// From the archive up to where all of it is there, then from the log. Not further: of two blocks
// that are put at a time the later one may be there first. What the log no longer has is nowhere
// else.
void LiveViews::fold_again(const OpeningPtr& opening) {
  auto done = [this, alive = alive_, opening](Result<ports::Bounds> bounds) {
    if (!*alive) return;
    if (bounds.ok()) {
      opening->next = std::max(opening->archived, bounds->begin);
      refold(opening);
    } else {
      finish(opening, bounds.error());
    }
  };
  log_.bounds(opening->partition, {loop_, std::move(done)});
}

void LiveViews::refold(const OpeningPtr& opening) {
  auto refolded = [this, alive = alive_, opening](Result<fold::RunView> view) {
    if (!*alive) return;
    if (!view.ok()) {
      finish(opening, view.error());
      return;
    }
    opening->run->view = view.take();
    opening->seen = !opening->run->view.empty();
    catch_up(opening);
  };
  keep::refold(loop_, store_, counters_, opening->key, opening->next, {}, std::move(refolded));
}

void LiveViews::catch_up(const OpeningPtr& opening) {
  if (!has_room(*opening->run, 0)) {
    finish(opening, no_room());
    return;
  }
  const LogOffset tail = tails_[static_cast<std::size_t>(opening->partition.number)]->next();
  if (opening->next >= tail) {
    // What the tail has not read yet will come to the run through on_batch().
    if (!opening->seen) {
      finish(opening,
             Error{ErrorCode::not_found, "No run has this key. GET /api/v1/runs lists them."});
      return;
    }
    opening->run->used = ++uses_;
    runs_.emplace(opening->key, opening->run);
    finish(opening, opening->run);
    return;
  }
  auto done = [this, alive = alive_, opening](Result<std::vector<ports::StoredRecord>> batch) {
    if (!*alive) return;
    if (!batch.ok()) {
      finish(opening, batch.error());
      return;
    }
    // What the log no longer has is in a checkpoint by now.
    const bool gap = batch->empty() || batch->front().offset > opening->next;
    if (gap && ++opening->gaps < kFindAttempts) {
      load_checkpoint(opening);
      return;
    }
    if (batch->empty()) {
      finish(opening, Error{ErrorCode::unavailable, "The log has no more to read yet."});
      return;
    }
    apply_batch(opening, std::make_shared<std::vector<ports::StoredRecord>>(batch.take()), 0);
  };
  ports::ReadLimits limits;
  limits.wait_us = kCatchUpWaitUs;
  log_.read(opening->partition, opening->next, limits, {loop_, std::move(done)});
}

void LiveViews::apply_batch(const OpeningPtr& opening,
                            std::shared_ptr<std::vector<ports::StoredRecord>> batch,
                            std::size_t from) {
  const std::int64_t began_us = loop_.steady_us();
  for (std::size_t i = from; i < batch->size(); ++i) {
    const ports::StoredRecord& record = (*batch)[i];
    if (record.record.key != opening->key.text()) continue;
    if (i > from && loop_.steady_us() - began_us > limits::kTurnUs) {
      loop_.post([this, alive = alive_, opening, batch, i] {
        if (*alive) apply_batch(opening, batch, i);
      });
      return;
    }
    opening->seen = true;
    apply(*opening->run, record);
  }
  opening->next = telltale::next(batch->back().offset);
  catch_up(opening);
}

// Who waits is answered in a turn of its own: many may wait for the same run, and what they make of
// it takes its time.
void LiveViews::finish(const OpeningPtr& opening, Result<RunPtr> result) {
  openings_.erase(opening->key);
  --openings_begun_;
  if (!result.ok()) {
    if (opening->run != nullptr) memory_ -= opening->run->bytes;
    if (result.error() == no_room()) counters_.add(Counter::runs_not_opened);
  }
  for (Opened& opened : opening->waiting) {
    loop_.post([alive = alive_, opened = std::move(opened), result]() mutable {
      if (*alive) opened(std::move(result));
    });
  }
  begin_openings();
}

void LiveViews::on_batch(const std::vector<ports::StoredRecord>& batch) {
  bool changed = false;
  for (const ports::StoredRecord& record : batch) {
    const std::optional<RunKey> key = RunKey::parse(record.record.key);
    if (!key) continue;
    const auto found = runs_.find(*key);
    if (found == runs_.end()) continue;
    changed |= apply(*found->second, record);
    weigh(*found->second);
  }
  if (memory_ > limits_.memory_bytes) evict_unwatched(0);
  if (changed) listeners_.tell_all();
}

bool LiveViews::apply(WatchedRun& run, const ports::StoredRecord& record) {
  schema::Event event;
  if (!event.ParseFromString(record.record.value)) {
    counters_.add(Counter::records_unreadable);
    return false;
  }
  return run.view.apply(record.offset, event);
}

void LiveViews::evict() {
  const std::int64_t now_us = loop_.steady_us();
  for (auto it = runs_.begin(); it != runs_.end();) {
    WatchedRun& run = *it->second;
    if (it->second.use_count() > 1) {
      run.unwatched_since_us = 0;
    } else if (run.unwatched_since_us == 0) {
      run.unwatched_since_us = now_us;
    } else if (now_us - run.unwatched_since_us > kKeptUnwatchedUs) {
      memory_ -= run.bytes;
      it = runs_.erase(it);
      continue;
    }
    ++it;
  }
  loop_.post_after(kEvictEveryUs, [this, alive = alive_] {
    if (*alive) evict();
  });
}

void LiveViews::weigh(WatchedRun& run) {
  memory_ -= run.bytes;
  run.bytes = run.view.bytes();
  memory_ += run.bytes;
}

// Whether this one, which is being opened, and so many bytes more may be here. One that is alone is
// shown, whatever it takes.
bool LiveViews::has_room(WatchedRun& run, std::size_t more) {
  weigh(run);
  if (memory_ + more > limits_.memory_bytes) evict_unwatched(more);
  return memory_ + more <= limits_.memory_bytes || memory_ == run.bytes;
}

// The longest unused first, until so many bytes more fit.
void LiveViews::evict_unwatched(std::size_t more) {
  std::vector<std::pair<std::uint64_t, RunKey>> unwatched;
  for (const auto& [key, run] : runs_) {
    if (run.use_count() == 1) unwatched.emplace_back(run->used, key);
  }
  std::sort(unwatched.begin(), unwatched.end());
  for (const auto& [used, key] : unwatched) {
    if (memory_ + more <= limits_.memory_bytes - limits_.memory_bytes / kFreedShare) return;
    const auto found = runs_.find(key);
    memory_ -= found->second->bytes;
    runs_.erase(found);
  }
}

}  // namespace telltale::serve
