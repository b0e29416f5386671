// Counters: what the process counts, declared in one table with a severity and a sentence. Shown at
// /metrics (Prometheus) and, where data was refused or lost, on the page. Any thread may add.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace telltale {

// severity: info | rejected (the sender was told) | lost (nobody can get it back)
#define TELLTALE_COUNTERS(X)                                                                   \
  X(events_accepted, info, "Events appended to the log.")                                      \
  X(events_rejected, rejected, "Events refused when they arrived; /api/v1/rejected says why.") \
  X(events_unparsed, info, "Events with fields this version does not know; the line is kept.") \
  X(ingest_requests, info, "Requests that brought events.")                                    \
  X(ingest_bytes, info, "Bytes of those requests.")                                            \
  X(ingest_busy, rejected, "Requests answered 429: a queue or a run's budget was full.")       \
  X(source_relists, info, "Sources read from their beginning again; the fold drops repeats.")  \
  X(source_retries, info, "Times a source or its log was tried again after a pause.")          \
  X(log_append_failures, rejected, "Appends the log refused; the sender was told.")            \
  X(records_unreadable, lost, "Log records that are no Event of ours; they were skipped.")     \
  X(http_requests, info, "HTTP requests answered.")                                            \
  X(http_forbidden, rejected, "Requests of other web sites, refused by Host, Origin or site.") \
  X(http_unauthorized, rejected, "Requests without a token for what they asked.")              \
  X(live_connections, info, "WebSocket and event-stream connections opened.")                  \
  X(live_frames, info, "Frames sent to live connections.")                                     \
  X(live_too_slow, rejected, "Live connections ended: others waited for what they held.")      \
  X(runs_not_opened, rejected, "Runs answered 503: the memory for watched ones was full.")     \
  X(checkpoints, info, "Checkpoints written by the fold.")                                     \
  X(checkpoint_failures, rejected, "Checkpoints that could not be written; tried again.")      \
  X(snapshots_refused, info, "Snapshots too large to keep; such a run is folded from events.") \
  X(partitions_taken, info, "Partitions this process took to fold.")                           \
  X(partitions_lost, info, "Partitions that turned out to be another process's by now.")       \
  X(events_repeated, info, "Events told again; they changed nothing.")                         \
  X(events_late, lost, "Events told after later ones of their epoch; not applied.")            \
  X(events_expired, lost, "Events gone from the log before they were folded.")                 \
  X(event_blocks, info, "Blocks of events taken to the archive.")                              \
  X(event_block_failures, rejected, "Blocks the store did not take; tried again.")             \
  X(events_unarchived, lost, "Events gone from the log before they were archived.")            \
  X(runs_refolded, info, "Runs without a usable snapshot, folded again from the archive.")     \
  X(runs_removed, info, "Ended runs removed as --keep-days or --keep-bytes says.")

enum class Counter : std::size_t {
#define X(name, severity, sentence) name,
  TELLTALE_COUNTERS(X)
#undef X
      count_
};

class Counters {
 public:
  void add(Counter counter, std::uint64_t by = 1) {
    values_[static_cast<std::size_t>(counter)].fetch_add(by, std::memory_order_relaxed);
  }
  std::uint64_t get(Counter counter) const {
    return values_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }
  // Text exposition format 0.0.4, names prefixed with telltale_ and suffixed with _total.
  std::string prometheus() const;

 private:
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::count_)> values_{};
};

}  // namespace telltale
