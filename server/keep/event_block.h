// Event blocks: the archived events of one run, as the log had them, between two offsets: what its
// truth is once the log has forgotten it (docs/formats/store.md). Lines of text that say what it
// is, hidden in a frame that every zstd skips, then the events in a frame of their own. Blocks of
// two holders of a partition may overlap; each has every event of its run from its first to its
// last. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace telltale::keep {

// A record of the log but for its key, which is the run's.
struct ArchivedEvent {
  LogOffset offset{};
  std::int64_t timestamp_us = 0;
  std::string_view value;  // the Event as the log has it

  bool operator==(const ArchivedEvent&) const = default;
};

class EventBlock;

// A block that is being gathered.
class EventBlockBuilder {
 public:
  // Offsets ascend. One copy of `value` is made.
  void add(const ArchivedEvent& event);
  // An event of the run that stands before all of these, the last one if that is known: who has
  // this block and not that event is missing a block. Without it, it may be the run's first.
  void follow(LogOffset event) { after_ = event; }

  bool empty() const { return events_ == 0; }
  LogOffset first() const { return first_; }
  LogOffset last() const { return last_; }
  // Before compression.
  std::size_t bytes() const { return content_.size(); }
  // Compresses; 256 KiB of events take about a millisecond. Not of an empty one.
  std::string encode(const RunKey& run) const;
  // What was added so far, as decode_event_block() would have it.
  EventBlock gathered(const RunKey& run) const;

 private:
  LogOffset first_{};
  LogOffset last_{};
  std::int64_t timestamp_us_ = 0;  // of the last one
  std::uint64_t events_ = 0;
  std::optional<LogOffset> after_;
  std::string content_;
};

class EventBlock {
 public:
  const RunKey& run() const { return run_; }
  // In the log's order, at least one; they live as long as the block, also when it is moved.
  const std::vector<ArchivedEvent>& events() const { return events_; }
  LogOffset first() const { return events_.front().offset; }
  LogOffset last() const { return events_.back().offset; }
  // As follow() was told.
  std::optional<LogOffset> after() const { return after_; }

  EventBlock(EventBlock&&) = default;
  EventBlock& operator=(EventBlock&&) = default;

 private:
  friend class EventBlockBuilder;
  friend Result<EventBlock> decode_event_block(std::string_view bytes);
  EventBlock() = default;
  // False where it is not what a builder makes of events from `first` on.
  bool read_events(LogOffset first);

  RunKey run_;
  std::optional<LogOffset> after_;
  std::vector<char> content_;  // moved without moving its bytes
  std::vector<ArchivedEvent> events_;
};

// corrupt: not what was written, or of a later format.
Result<EventBlock> decode_event_block(std::string_view bytes);

// The name of a block: the offset of its first event and the generation that wrote it. A later
// block begins later, or was written by a later holder.
struct EventBlockId {
  LogOffset first{};
  std::uint64_t generation = 0;

  auto operator<=>(const EventBlockId&) const = default;
};

// runs/<key>/events/<first offset, 20 digits>-<generation>, so that a listing is in the order of
// the events; the prefix ends with '/'.
std::string event_blocks_prefix(const RunKey& run);
std::string event_block_key(const RunKey& run, const EventBlockId& block);
// The last segment of a block's key.
std::optional<EventBlockId> parse_event_block_id(std::string_view text);

}  // namespace telltale::keep
