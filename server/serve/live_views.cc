#include "serve/live_views.h"

#include <spdlog/spdlog.h>

#include "fold/checkpoint.h"
#include "fold/snapshot.h"
#include "schema/event.pb.h"

namespace telltale::serve {
namespace {

constexpr std::int64_t kEvictEveryUs = 5'000'000;
constexpr std::int64_t kKeptUnwatchedUs = 30'000'000;  // a reader that polls finds it warm

}  // namespace

// A run on its way into memory: snapshot, then the log from the checkpoint to where the tail
// stands.
struct LiveViews::Opening {
  RunKey key;
  ports::Partition partition;
  RunPtr run;
  LogOffset next{};
  bool seen = false;
  std::vector<Opened> waiting;
};

LiveViews::LiveViews(ports::Runtime& loop, ports::Log& log, ports::Store& store, Counters& counters)
    : loop_(loop), log_(log), store_(store), counters_(counters) {}

LiveViews::~LiveViews() { *alive_ = false; }

void LiveViews::start(UniqueFunction<void(Status)> ready) {
  const int partitions = log_.partition_count(ports::kEventsTopic);
  tails_.resize(static_cast<std::size_t>(partitions));
  auto left = std::make_shared<int>(partitions);
  auto shared_ready = std::make_shared<UniqueFunction<void(Status)>>(std::move(ready));
  for (int number = 0; number < partitions; ++number) {
    const ports::Partition partition{ports::kEventsTopic, number};
    auto done = [this, alive = alive_, left, shared_ready,
                 partition](Result<ports::Bounds> bounds) {
      if (!*alive || *left <= 0) return;
      if (!bounds.ok()) {
        *left = 0;
        (*shared_ready)(bounds.error());
        return;
      }
      tails_[static_cast<std::size_t>(partition.number)] = std::make_unique<Tail>(
          loop_, log_, partition, bounds->end,
          [this, number = partition.number](const auto& batch) { on_batch(number, batch); });
      if (--*left == 0) (*shared_ready)(Done{});
    };
    log_.bounds(partition, {loop_, std::move(done)});
  }
  loop_.post_after(kEvictEveryUs, [this, alive = alive_] {
    if (*alive) evict();
  });
}

void LiveViews::open(const RunKey& key, Opened opened) {
  if (const auto found = runs_.find(key); found != runs_.end()) {
    found->second->unwatched_since_us = 0;
    opened(found->second);
    return;
  }
  if (const auto found = openings_.find(key); found != openings_.end()) {
    found->second->waiting.push_back(std::move(opened));
    return;
  }
  auto opening = std::make_shared<Opening>();
  opening->key = key;
  opening->partition = {ports::kEventsTopic, log_.partition_of(ports::kEventsTopic, key.text())};
  opening->waiting.push_back(std::move(opened));
  openings_.emplace(key, opening);
  // The checkpoint first: a snapshot read after it holds everything up to it, or more.
  auto done = [this, alive = alive_, opening](Result<ports::Object> object) {
    if (!*alive) return;
    if (object.ok()) {
      const Result<fold::Checkpoint> checkpoint = fold::decode_checkpoint(object->bytes);
      // One of another fold version starts from the events, like the fold itself does.
      if (checkpoint.ok() && checkpoint.value().fold_version == fold::kFoldVersion)
        opening->next = checkpoint.value().next;
    } else if (object.error().code != ErrorCode::not_found) {
      finish(opening, object.error());
      return;
    }
    load_snapshot(opening);
  };
  store_.get(fold::checkpoint_key(opening->partition.number), {}, {loop_, std::move(done)});
}

void LiveViews::load_snapshot(std::shared_ptr<Opening> opening) {
  auto done = [this, alive = alive_, opening](Result<ports::Object> object) {
    if (!*alive) return;
    opening->run = std::make_shared<WatchedRun>(opening->key);
    if (object.ok()) {
      Result<fold::RunView> view = fold::decode(object->bytes);
      if (view.ok()) {
        opening->run->view = view.take();
        opening->seen = true;
      } else {
        spdlog::warn("serve: snapshot of run {} is not usable, folding it again: {}",
                     opening->key.text(), view.error().message);
        opening->next = LogOffset{0};
      }
    } else if (object.error().code != ErrorCode::not_found) {
      finish(opening, object.error());
      return;
    }
    catch_up(opening);
  };
  store_.get(fold::snapshot_key(opening->key), {}, {loop_, std::move(done)});
}

void LiveViews::catch_up(std::shared_ptr<Opening> opening) {
  const LogOffset tail = tails_[static_cast<std::size_t>(opening->partition.number)]->next();
  if (opening->next >= tail) {
    // What the tail has not read yet will come to the run through on_batch().
    if (!opening->seen) {
      finish(opening,
             Error{ErrorCode::not_found, "No run has this key. GET /api/v1/runs lists them."});
      return;
    }
    runs_.emplace(opening->key, opening->run);
    finish(opening, opening->run);
    return;
  }
  auto done = [this, alive = alive_, opening](Result<std::vector<ports::StoredRecord>> batch) {
    if (!*alive) return;
    if (!batch.ok() || batch->empty()) {
      finish(opening, batch.ok() ? Error{ErrorCode::unavailable, "The log has no more to read yet."}
                                 : batch.error());
      return;
    }
    for (const ports::StoredRecord& record : *batch) {
      if (record.record.key != opening->key.text()) continue;
      opening->seen = true;
      apply(*opening->run, record);
    }
    opening->next = telltale::next(batch->back().offset);
    catch_up(opening);
  };
  log_.read(opening->partition, opening->next, {}, {loop_, std::move(done)});
}

void LiveViews::finish(const std::shared_ptr<Opening>& opening, Result<RunPtr> result) {
  openings_.erase(opening->key);
  for (Opened& opened : opening->waiting) opened(result);
}

void LiveViews::on_batch(int, const std::vector<ports::StoredRecord>& batch) {
  bool changed = false;
  for (const ports::StoredRecord& record : batch) {
    const std::optional<RunKey> key = RunKey::parse(record.record.key);
    if (!key) continue;
    const auto found = runs_.find(*key);
    if (found != runs_.end()) changed |= apply(*found->second, record);
  }
  if (!changed) return;
  const std::set<ViewListener*> listeners = listeners_;  // one may leave while it is told
  for (ViewListener* listener : listeners) {
    if (listeners_.count(listener) > 0) listener->views_changed();
  }
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
  const std::int64_t now_us = to_number(loop_.now());
  for (auto it = runs_.begin(); it != runs_.end();) {
    WatchedRun& run = *it->second;
    if (it->second.use_count() > 1) {
      run.unwatched_since_us = 0;
    } else if (run.unwatched_since_us == 0) {
      run.unwatched_since_us = now_us;
    } else if (now_us - run.unwatched_since_us > kKeptUnwatchedUs) {
      it = runs_.erase(it);
      continue;
    }
    ++it;
  }
  loop_.post_after(kEvictEveryUs, [this, alive = alive_] {
    if (*alive) evict();
  });
}

}  // namespace telltale::serve
