#include "serve/run_list.h"

#include <algorithm>

#include "base/limits.h"
#include "schema/view.pb.h"

namespace telltale::serve {
namespace {

constexpr std::int64_t kRetryUs = 500'000;

}  // namespace

RunList::RunList(ports::Runtime& loop, ports::Log& log, Counters& counters)
    : loop_(loop), log_(log), counters_(counters) {}

RunList::~RunList() { *alive_ = false; }

void RunList::start(UniqueFunction<void()> ready) {
  ready_ = std::move(ready);
  find_bounds();
}

void RunList::find_bounds() {
  const ports::Partition partition{ports::kRunsTopic, 0};
  auto done = [this, alive = alive_, partition](Result<ports::Bounds> bounds) {
    if (!*alive) return;
    if (!bounds.ok()) {
      if (bounds.error().code == ErrorCode::closed) return;
      loop_.post_after(kRetryUs, [this, alive] {
        if (*alive) find_bounds();
      });
      return;
    }
    ready_at_ = bounds->end;
    tail_ = std::make_unique<Tail>(loop_, log_, partition, bounds->begin,
                                   [this](const auto& batch) { on_batch(batch); });
    if (bounds->begin == bounds->end) std::exchange(ready_, {})();
  };
  log_.bounds(partition, {loop_, std::move(done)});
}

void RunList::on_batch(const std::vector<ports::StoredRecord>& batch) {
  bool changed = catalogue_.look_at(loop_.now());
  for (const ports::StoredRecord& record : batch) changed |= apply(record);
  // A compacted topic may end in offsets that hold no record any more: then an empty batch tells.
  const bool all = batch.empty() || telltale::next(batch.back().offset) >= ready_at_;
  if (ready_ && all) std::exchange(ready_, {})();
  if (changed) listeners_.tell_all();
  look_later();
}

void RunList::look_later() {
  const std::optional<EpochUs> next = catalogue_.next_look();
  if (!next || (looks_at_us_ != 0 && looks_at_us_ <= to_number(*next))) return;
  if (looks_at_us_ != 0) loop_.cancel(timer_);
  looks_at_us_ = to_number(*next);
  const std::int64_t left_us = std::max(looks_at_us_ - to_number(loop_.now()), std::int64_t{0});
  timer_ = loop_.post_after(left_us + limits::kListLookUs, [this, alive = alive_] {
    if (!*alive) return;
    looks_at_us_ = 0;
    if (catalogue_.look_at(loop_.now())) listeners_.tell_all();
    look_later();
  });
}

bool RunList::apply(const ports::StoredRecord& record) {
  if (record.record.value.empty()) {  // a tombstone: the run was deleted
    const std::optional<RunKey> key = RunKey::parse(record.record.key);
    return key && catalogue_.remove(record.offset, *key);
  }
  schema::RunSummary summary;
  if (summary.ParseFromString(record.record.value)) {
    fold::shorten(summary);  // what was written by an earlier version may be of any length
    return catalogue_.apply(record.offset, summary);
  }
  counters_.add(Counter::records_unreadable);
  return false;
}

}  // namespace telltale::serve
