// KafkaCursor: one position in one partition that moves forward, with the records fetched there and
// kept for those who read at about the same place. Pure bookkeeping: it fetches nothing itself.
// Lives on the reader's thread.
#pragma once

#include <chrono>
#include <deque>
#include <vector>

#include "ports/log.h"

namespace telltale::log {

class KafkaCursor {
 public:
  using Clock = std::chrono::steady_clock;

  explicit KafkaCursor(LogOffset from) : begin_(from), end_(from), read_to_(from) {}

  // What a read from there would be answered by: now, or by what arrives next.
  bool covers(LogOffset from) const { return begin_ <= from && from <= end_; }
  bool has(LogOffset from) const { return begin_ <= from && from < end_; }
  // Records from `from` on, by the limits; has(from).
  std::vector<ports::StoredRecord> take(LogOffset from, const ports::ReadLimits& limits);
  // A record that was fetched; one it has already changes nothing.
  void add(ports::StoredRecord record);
  // Nothing lies between its end and `to`: those records have expired.
  void skip_to(LogOffset to);

  LogOffset end() const { return end_; }
  // More lies here than should while nobody reads it; and little enough to fetch on.
  bool is_full() const;
  bool has_room() const;

  bool fetching = false;
  Clock::time_point used_at = Clock::now();

 private:
  void forget_what_was_read();

  LogOffset begin_;
  LogOffset end_;      // of the next record to be fetched
  LogOffset read_to_;  // the farthest anybody read
  std::deque<ports::StoredRecord> records_;
  std::size_t bytes_ = 0;
  std::size_t unread_bytes_ = 0;
};

}  // namespace telltale::log
