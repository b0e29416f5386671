#include "log/memory_log.h"

namespace telltale::log {
namespace {

const Error kClosed{ErrorCode::closed, "The log is closed."};
const Error kNoPartition{ErrorCode::not_found, "There is no such partition."};

}  // namespace

MemoryLog::MemoryLog(ports::Runtime& runtime, MemoryLogOptions options)
    : runtime_(runtime), options_(std::move(options)) {
  for (const auto& [topic, count] : options_.topics) {
    for (int number = 0; number < count; ++number) partitions_[{topic, number}];
  }
}

MemoryLog::~MemoryLog() { close(); }

void MemoryLog::append(std::string topic, std::vector<ports::Record> records,
                       ports::Completion<Result<ports::Appended>> done) {
  if (closed_) {
    done(kClosed);
    return;
  }
  if (options_.topics.count(topic) == 0) {
    done(Error{ErrorCode::not_found, "There is no topic " + topic + "."});
    return;
  }
  ports::Appended appended;
  for (ports::Record& record : records) {
    const int number = partition_of(topic, record.key);
    appended.places.push_back({number, keep({topic, number}, std::move(record))});
  }
  answer_waiting();
  done(std::move(appended));
}

LogOffset MemoryLog::keep(const ports::Partition& partition, ports::Record record) {
  Kept& kept = partitions_.at(partition);
  const LogOffset offset = kept.end;
  if (options_.compacted_topics.count(partition.topic) > 0) {
    const auto [found, added] = kept.newest.try_emplace(record.key, offset);
    if (!added) kept.records.erase(std::exchange(found->second, offset));
  }
  kept.records.emplace(offset, std::move(record));
  kept.end = next(offset);
  return offset;
}

std::vector<ports::StoredRecord> MemoryLog::find(const Kept& kept, LogOffset from,
                                                 const ports::ReadLimits& limits) const {
  std::vector<ports::StoredRecord> found;
  std::size_t bytes = 0;
  for (auto it = kept.records.lower_bound(from); it != kept.records.end(); ++it) {
    if (!found.empty() && (found.size() >= limits.records_max || bytes >= limits.bytes_max)) break;
    bytes += it->second.key.size() + it->second.value.size();
    found.push_back({it->first, it->second});
  }
  return found;
}

void MemoryLog::read(ports::Partition partition, LogOffset from, ports::ReadLimits limits,
                     ports::Completion<Result<std::vector<ports::StoredRecord>>> done) {
  const auto kept = partitions_.find(partition);
  if (closed_ || kept == partitions_.end()) {
    done(closed_ ? kClosed : kNoPartition);
    return;
  }
  std::vector<ports::StoredRecord> found = find(kept->second, from, limits);
  if (!found.empty() || limits.wait_us <= 0) {
    done(std::move(found));
    return;
  }
  waiting_.push_back({std::move(partition), from, limits, std::move(done), {}});
  const auto self = std::prev(waiting_.end());
  self->timer = runtime_.post_after(limits.wait_us, [this, self] {
    self->done(std::vector<ports::StoredRecord>());
    waiting_.erase(self);
  });
}

void MemoryLog::answer_waiting() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    std::vector<ports::StoredRecord> found =
        find(partitions_.at(it->partition), it->from, it->limits);
    if (found.empty()) {
      ++it;
      continue;
    }
    runtime_.cancel(it->timer);
    it->done(std::move(found));
    it = waiting_.erase(it);
  }
}

void MemoryLog::bounds(ports::Partition partition, ports::Completion<Result<ports::Bounds>> done) {
  const auto found = partitions_.find(partition);
  if (closed_ || found == partitions_.end()) {
    done(closed_ ? kClosed : kNoPartition);
    return;
  }
  const Kept& kept = found->second;
  const LogOffset begin = kept.records.empty() ? kept.end : kept.records.begin()->first;
  done(ports::Bounds{begin, kept.end});
}

void MemoryLog::commit(std::string group, ports::Partition partition, LogOffset next,
                       ports::Completion<Status> done) {
  if (closed_) {
    done(kClosed);
    return;
  }
  committed_[{std::move(group), std::move(partition)}] = next;
  done(Done{});
}

void MemoryLog::committed(std::string group, ports::Partition partition,
                          ports::Completion<Result<std::optional<LogOffset>>> done) {
  if (closed_) {
    done(kClosed);
    return;
  }
  const auto found = committed_.find({std::move(group), std::move(partition)});
  done(found == committed_.end() ? std::optional<LogOffset>() : std::optional(found->second));
}

void MemoryLog::check(ports::Completion<Status> done) {
  done(closed_ ? Status(kClosed) : Status(Done{}));
}

void MemoryLog::forget(ports::Partition partition, LogOffset before,
                       ports::Completion<Status> done) {
  const auto found = partitions_.find(partition);
  if (closed_ || found == partitions_.end()) {
    done(closed_ ? kClosed : kNoPartition);
    return;
  }
  CHECK(options_.compacted_topics.count(partition.topic) == 0, "{} is compacted", partition.topic);
  expire(partition, before);
  done(Done{});
}

std::unique_ptr<ports::Membership> MemoryLog::join(std::string group, std::string topic,
                                                   ports::Runtime& home,
                                                   ports::MemberCallbacks callbacks) {
  return groups_.join(group, topic, partition_count(topic), home, std::move(callbacks));
}

int MemoryLog::partition_count(const std::string& topic) const {
  const auto found = options_.topics.find(topic);
  CHECK(found != options_.topics.end(), "no topic {}", topic);
  return found->second;
}

void MemoryLog::expire(const ports::Partition& partition, LogOffset first) {
  auto& records = partitions_.at(partition).records;
  records.erase(records.begin(), records.lower_bound(first));
}

void MemoryLog::close() {
  closed_ = true;
  for (Waiting& read : waiting_) {
    runtime_.cancel(read.timer);
    read.done(kClosed);
  }
  waiting_.clear();
  groups_.close();
}

void MemoryLog::drop_waiting() {
  groups_.forget();
  for (const Waiting& read : waiting_) runtime_.cancel(read.timer);
  waiting_.clear();
}

void MemoryLog::lose_newest(const std::string& topic, std::size_t records) {
  CHECK(options_.compacted_topics.count(topic) == 0, "{} is compacted", topic);
  for (int number = 0; number < partition_count(topic); ++number) {
    Kept& kept = partitions_.at({topic, number});
    for (std::size_t i = 0; i < records && !kept.records.empty(); ++i) {
      kept.end = std::prev(kept.records.end())->first;
      kept.records.erase(kept.end);
    }
  }
}

}  // namespace telltale::log
