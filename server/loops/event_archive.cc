#include "loops/event_archive.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/limits.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kRetryUs = 500'000;

}  // namespace

EventArchive::EventArchive(ports::Runtime& loop, ports::Store& store, Counters& counters,
                           ArchivePace pace)
    : loop_(loop), store_(store), counters_(counters), pace_(pace) {}

void EventArchive::start(std::uint64_t generation, keep::Archived archived) {
  generation_ = generation;
  read_ = archived.next;
  gaps_ = std::move(archived.gaps);
}

void EventArchive::add(const RunKey& run, const ports::StoredRecord& record, Before before) {
  const std::size_t record_bytes = record.record.value.size();
  read_bytes_ += record_bytes;
  read_ = next(record.offset);
  const auto [found, is_new] = open_.try_emplace(run);
  Open& open = found->second;
  if (is_new) {
    open.since_us = loop_.steady_us();
    open.log_bytes = read_bytes_;
    open.before = before;
    open_by_first_.emplace(record.offset, run);
  }
  const std::size_t bytes_before = open.events.bytes();
  open.events.add({record.offset, record.record.timestamp_us, record.record.value});
  open_bytes_ += open.events.bytes() - bytes_before;
  if (open.events.bytes() >= pace_.block_bytes) seal(run);
}

void EventArchive::read_up_to(LogOffset next) {
  read_ = std::max(read_, next);
  seal_due();
  if (open_bytes_ > pace_.open_bytes) seal_biggest();
}

// No block goes over a gap: each has all of its run from its first event to its last.
void EventArchive::skip_to(LogOffset first) {
  if (first <= read_) return;
  while (!open_by_first_.empty()) seal(RunKey(open_by_first_.begin()->second));
  counters_.add(Counter::events_unarchived, to_number(first) - to_number(read_));
  if (gaps_.size() == limits::kArchiveGaps) {
    gaps_.back().end = first;
  } else {
    gaps_.push_back({read_, first});
  }
  read_ = first;
}

void EventArchive::close(const RunKey& run) {
  if (open_.count(run) > 0) seal(run);
}

keep::Archived EventArchive::archived() const {
  keep::Archived archived{read_, gaps_};
  if (!open_by_first_.empty())
    archived.next = std::min(archived.next, open_by_first_.begin()->first);
  if (!waiting_.empty()) archived.next = std::min(archived.next, waiting_.begin()->first);
  return archived;
}

std::vector<keep::EventBlock> EventArchive::on_their_way(const RunKey& run) const {
  std::vector<keep::EventBlock> blocks;
  for (const auto& [first, waiting] : waiting_) {
    if (waiting.run == run) blocks.push_back(waiting.events.gathered(run));
  }
  if (const auto found = open_.find(run); found != open_.end())
    blocks.push_back(found->second.events.gathered(run));
  return blocks;
}

void EventArchive::seal(const RunKey& run) {
  const auto found = open_.find(run);
  keep::EventBlockBuilder& events = found->second.events;
  const LogOffset first = events.first();
  open_bytes_ -= events.bytes();
  waiting_bytes_ += events.bytes();
  waiting_.emplace(first, Waiting{run, std::move(events), found->second.before, false});
  open_by_first_.erase(first);
  open_.erase(found);
  put_soon();
}

void EventArchive::seal_due() {
  const std::int64_t now_us = loop_.steady_us();
  while (!open_by_first_.empty()) {
    const RunKey run = open_by_first_.begin()->second;
    const Open& oldest = open_.at(run);
    const bool due = now_us - oldest.since_us >= pace_.age_us ||
                     read_bytes_ - oldest.log_bytes >= pace_.lag_bytes;
    if (!due) return;
    seal(run);
  }
}

void EventArchive::seal_biggest() {
  std::vector<std::pair<std::size_t, LogOffset>> biggest;
  for (const auto& [run, open] : open_)
    biggest.emplace_back(open.events.bytes(), open.events.first());
  std::sort(biggest.begin(), biggest.end(), std::greater<>());
  for (const auto& [bytes, first] : biggest) {
    if (open_bytes_ <= pace_.open_bytes / 2) return;
    seal(RunKey(open_by_first_.at(first)));
  }
}

void EventArchive::put_soon() {
  if (pausing_ || std::exchange(put_posted_, true)) return;
  loop_.post(alive_.task([this] {
    put_posted_ = false;
    put_next();
  }));
}

// After a failure, however fast it came.
void EventArchive::pause() {
  if (std::exchange(pausing_, true)) return;
  loop_.post_after(kRetryUs, alive_.task([this] {
    pausing_ = false;
    put_soon();
  }));
}

// One block a turn: packing it takes a millisecond, and others wait for the loop.
void EventArchive::put_next() {
  if (stopped_ || pausing_ || calls_ == limits::kArchiveCalls) return;
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [](const auto& entry) { return !entry.second.called; });
  if (found == waiting_.end()) return;
  found->second.called = true;
  ++calls_;
  if (found->second.before.known) {
    put(found->first, found->second);
  } else {
    find_before(found->first, {});
  }
  put_soon();
}

// The run's block that begins last before this one, of those that are there by now.
void EventArchive::find_before(LogOffset first, std::string after) {
  const RunKey run = waiting_.at(first).run;
  auto listed = [this, first](Result<std::vector<ports::ObjectInfo>> blocks) {
    if (blocks.ok()) {
      found_before(first, *blocks);
    } else {
      --calls_;
      not_kept(waiting_.at(first), blocks.error());
    }
  };
  store_.list(keep::event_blocks_prefix(run), std::move(after), limits::kSweepKeys,
              alive_.answer<Result<std::vector<ports::ObjectInfo>>>(loop_, std::move(listed)));
}

void EventArchive::found_before(LogOffset first, const std::vector<ports::ObjectInfo>& blocks) {
  Waiting& block = waiting_.at(first);
  bool more = blocks.size() == limits::kSweepKeys;
  for (const ports::ObjectInfo& object : blocks) {
    const std::string_view name =
        std::string_view(object.key).substr(keep::event_blocks_prefix(block.run).size());
    const auto id = keep::parse_event_block_id(name);
    if (id && id->first < first) block.before.event = id->first;
    if (id && id->first >= first) more = false;
  }
  if (more) {
    find_before(first, blocks.back().key);
    return;
  }
  block.before.known = true;
  put(first, block);
}

void EventArchive::put(LogOffset first, Waiting& block) {
  if (block.before.event) block.events.follow(*block.before.event);
  auto put = [this, first](Result<std::string> etag) { answered(first, etag); };
  store_.put(keep::event_block_key(block.run, {first, generation_}), block.events.encode(block.run),
             ports::Condition::absent(), alive_.answer<Result<std::string>>(loop_, put));
}

// precondition_failed: an earlier try was kept unanswered. No other block ever has its name, and
// what is tried again is the same.
void EventArchive::answered(LogOffset first, const Result<std::string>& etag) {
  --calls_;
  const auto found = waiting_.find(first);
  if (!etag.ok() && etag.error().code != ErrorCode::precondition_failed) {
    not_kept(found->second, etag.error());
    return;
  }
  counters_.add(Counter::event_blocks);
  waiting_bytes_ -= found->second.events.bytes();
  waiting_.erase(found);
  put_soon();
  if (room_ && !full()) std::exchange(room_, {})();
}

void EventArchive::not_kept(Waiting& block, const Error& error) {
  block.called = false;
  if (error.code == ErrorCode::closed) return;
  counters_.add(Counter::event_block_failures);
  spdlog::error("fold: events of run {} cannot be archived: {}", block.run.text(), error.message);
  pause();
}

}  // namespace telltale::loops
