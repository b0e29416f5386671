#include "serve/run_list.h"

#include "schema/view.pb.h"

namespace telltale::serve {

RunList::RunList(ports::Runtime& loop, ports::Log& log, Counters& counters)
    : loop_(loop), log_(log), counters_(counters) {}

void RunList::start(UniqueFunction<void(Status)> ready) {
  ready_ = std::move(ready);
  const ports::Partition partition{ports::kRunsTopic, 0};
  auto done = [this, partition](Result<ports::Bounds> bounds) {
    if (!bounds.ok()) {
      ready_(bounds.error());
      return;
    }
    ready_at_ = bounds->end;
    tail_ = std::make_unique<Tail>(loop_, log_, partition, bounds->begin,
                                   [this](const auto& batch) { on_batch(batch); });
    if (bounds->begin == bounds->end) std::exchange(ready_, {})(Done{});
  };
  log_.bounds(partition, {loop_, std::move(done)});
}

void RunList::on_batch(const std::vector<ports::StoredRecord>& batch) {
  bool changed = false;
  schema::RunSummary summary;
  for (const ports::StoredRecord& record : batch) {
    if (summary.ParseFromString(record.record.value)) {
      changed |= catalogue_.apply(record.offset, summary);
    } else {
      counters_.add(Counter::records_unreadable);
    }
  }
  if (ready_ && telltale::next(batch.back().offset) >= ready_at_) std::exchange(ready_, {})(Done{});
  if (!changed) return;
  const std::set<ViewListener*> listeners = listeners_;  // one may leave while it is told
  for (ViewListener* listener : listeners) {
    if (listeners_.count(listener) > 0) listener->views_changed();
  }
}

}  // namespace telltale::serve
