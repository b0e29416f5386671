#include "log/kafka_cursor.h"

#include <algorithm>

#include "log/kafka_limits.h"

namespace telltale::log {
namespace {

std::size_t size_of(const ports::StoredRecord& stored) {
  return stored.record.key.size() + stored.record.value.size();
}

}  // namespace

std::vector<ports::StoredRecord> KafkaCursor::take(LogOffset from,
                                                   const ports::ReadLimits& limits) {
  CHECK(has(from), "no record at {}", to_number(from));
  used_at = Clock::now();
  auto at = std::lower_bound(
      records_.begin(), records_.end(), from,
      [](const ports::StoredRecord& record, LogOffset offset) { return record.offset < offset; });
  std::vector<ports::StoredRecord> found;
  std::size_t bytes = 0;
  for (; at != records_.end() && found.size() < limits.records_max; ++at) {
    if (!found.empty() && bytes >= limits.bytes_max) break;
    bytes += size_of(*at);
    if (at->offset >= read_to_) unread_bytes_ -= size_of(*at);
    found.push_back(*at);
  }
  if (!found.empty()) read_to_ = std::max(read_to_, next(found.back().offset));
  forget_what_was_read();
  return found;
}

void KafkaCursor::add(ports::StoredRecord record) {
  if (record.offset < end_) return;
  end_ = next(record.offset);
  bytes_ += size_of(record);
  unread_bytes_ += size_of(record);
  records_.push_back(std::move(record));
  forget_what_was_read();
}

void KafkaCursor::skip_to(LogOffset to) { *this = KafkaCursor(std::max(to, end_)); }

void KafkaCursor::forget_what_was_read() {
  while (bytes_ > kKafkaKeptBytes && records_.size() > 1 && records_.front().offset < read_to_) {
    bytes_ -= size_of(records_.front());
    begin_ = next(records_.front().offset);
    records_.pop_front();
  }
}

bool KafkaCursor::is_full() const { return unread_bytes_ > 2 * kKafkaCursorBytes; }

bool KafkaCursor::has_room() const { return unread_bytes_ <= kKafkaCursorBytes; }

}  // namespace telltale::log
