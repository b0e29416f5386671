#include "ports/faulty_log.h"

#include <algorithm>

namespace telltale::ports {

bool by_chance(Runtime& runtime, int percent) {
  return percent > 0 && runtime.random() % 100 < static_cast<std::uint64_t>(percent);
}

void FaultyLog::append(std::string topic, std::vector<Record> records,
                       Completion<Result<Appended>> done) {
  with_faults<Appended>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.append(std::move(topic), std::move(records), std::move(inner_done));
  });
}

void FaultyLog::read(Partition partition, LogOffset from, ReadLimits limits,
                     Completion<Result<std::vector<StoredRecord>>> done) {
  if (by_chance(runtime_, faults.short_read_percent))
    limits.records_max = std::min<std::size_t>(limits.records_max, 1 + runtime_.random() % 50);
  with_faults<std::vector<StoredRecord>>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.read(std::move(partition), from, limits, std::move(inner_done));
  });
}

void FaultyLog::bounds(Partition partition, Completion<Result<Bounds>> done) {
  with_faults<Bounds>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.bounds(std::move(partition), std::move(inner_done));
  });
}

void FaultyLog::commit(std::string group, Partition partition, LogOffset next,
                       Completion<Status> done) {
  with_faults<Done>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.commit(std::move(group), std::move(partition), next, std::move(inner_done));
  });
}

void FaultyLog::check(Completion<Status> done) {
  with_faults<Done>(faults, runtime_, std::move(done),
                    [&](auto inner_done) { inner_.check(std::move(inner_done)); });
}

void FaultyLog::forget(Partition partition, LogOffset before, Completion<Status> done) {
  with_faults<Done>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.forget(std::move(partition), before, std::move(inner_done));
  });
}

void FaultyLog::committed(std::string group, Partition partition,
                          Completion<Result<std::optional<LogOffset>>> done) {
  with_faults<std::optional<LogOffset>>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.committed(std::move(group), std::move(partition), std::move(inner_done));
  });
}

}  // namespace telltale::ports
