#include "loops/retention_loop.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/limits.h"
#include "fold/run_state.h"
#include "schema/view.pb.h"

namespace telltale::loops {
namespace {

using Records = std::vector<ports::StoredRecord>;
using Objects = std::vector<ports::ObjectInfo>;

constexpr std::string_view kRuns = "runs/";
// What is too old or too much is looked for this often, and the store is measured this often: that
// walks all of it.
constexpr std::int64_t kRetentionUs = 10'000'000;
constexpr std::int64_t kMeasureUs = 600'000'000;
// A run that was heard of this short ago stays for now: its last snapshot may still be on its way.
constexpr std::int64_t kRetentionQuietUs = 30'000'000;

}  // namespace

RetentionLoop::RetentionLoop(ports::Runtime& loop, ports::Log& log, ports::Store& store,
                             Counters& counters, Keep keep)
    : loop_(loop), log_(log), store_(store), counters_(counters), keep_(keep) {}

void RetentionLoop::start() {
  loop_.post(alive_.task([this] { look(); }));
}

void RetentionLoop::stop(UniqueFunction<void()> stopped) {
  loop_.post(alive_.task([this, stopped = std::move(stopped)]() mutable {
    stopped_ = true;
    stopped();
  }));
}

void RetentionLoop::rest(std::int64_t us) {
  if (stopped_) return;
  loop_.post_after(us, alive_.task([this] {
    if (!stopped_) look();
  }));
}

// What the list says by now; then what the store has, where that counts; then what goes.
void RetentionLoop::look() {
  auto found = [this](Result<ports::Bounds> bounds) {
    if (!bounds.ok()) {
      rest(kRetentionUs);
      return;
    }
    next_ = std::max(next_, bounds->begin);
    read_list(bounds->end);
  };
  log_.bounds({ports::kRunsTopic, 0}, alive_.answer<Result<ports::Bounds>>(loop_, found));
}

void RetentionLoop::read_list(LogOffset end) {
  if (stopped_) return;
  if (next_ >= end) {
    if (!keep_.bytes || loop_.steady_us() < measure_at_us_) {
      choose();
      return;
    }
    bytes_ = 0;
    for (auto& [run, listed] : runs_) listed.bytes = 0;
    measure({});
    return;
  }
  auto read = [this, end](Result<Records> records) {
    if (!records.ok()) {
      rest(kRetentionUs);
      return;
    }
    for (const ports::StoredRecord& record : *records) note(record);
    // A compacted topic may end in offsets that hold no record any more.
    next_ = records->empty() ? end : next(records->back().offset);
    read_list(end);
  };
  log_.read({ports::kRunsTopic, 0}, next_, {}, alive_.answer<Result<Records>>(loop_, read));
}

void RetentionLoop::note(const ports::StoredRecord& record) {
  const std::optional<RunKey> run = RunKey::parse(record.record.key);
  schema::RunSummary summary;
  if (!run) return;
  if (record.record.value.empty()) {
    runs_.erase(*run);
  } else if (summary.ParseFromString(record.record.value)) {
    Listed& listed = runs_[*run];
    listed.ended = fold::has_ended(fold::to_state(static_cast<int>(summary.state())));
    listed.ended_at_us = std::max(summary.finished_at_us(), summary.last_event_at_us());
    listed.heard_at_us = loop_.steady_us();
  }
}

void RetentionLoop::measure(std::string after) {
  auto found = [this](Result<Objects> page) {
    if (!page.ok()) {
      rest(kRetentionUs);
      return;
    }
    measured(*page);
    if (page->size() == limits::kAdminListKeys) {
      measure(page->back().key);
      return;
    }
    measure_at_us_ = loop_.steady_us() + kMeasureUs;
    choose();
  };
  store_.list(std::string(kRuns), std::move(after), limits::kAdminListKeys,
              alive_.answer<Result<Objects>>(loop_, std::move(found)));
}

void RetentionLoop::measured(const Objects& page) {
  for (const ports::ObjectInfo& object : page) {
    bytes_ += object.size;
    const auto run = RunKey::parse(std::string_view(object.key).substr(kRuns.size(), kIdLength));
    const auto found = run ? runs_.find(*run) : runs_.end();
    if (found != runs_.end()) found->second.bytes += object.size;
  }
}

// The oldest first. What was heard of just now may still be on its way into the store.
void RetentionLoop::choose() {
  std::vector<std::pair<std::int64_t, RunKey>> oldest;
  const std::int64_t quiet_since_us = loop_.steady_us() - kRetentionQuietUs;
  for (const auto& [run, listed] : runs_) {
    if (listed.ended && listed.heard_at_us <= quiet_since_us)
      oldest.emplace_back(listed.ended_at_us, run);
  }
  std::sort(oldest.begin(), oldest.end());
  std::uint64_t left = bytes_;
  to_remove_.clear();
  for (const auto& [ended_at_us, run] : oldest) {
    const bool old = keep_.age_us && to_number(loop_.now()) - *keep_.age_us > ended_at_us;
    const bool too_much = keep_.bytes && left > *keep_.bytes;
    if (!old && !too_much) break;
    const std::uint64_t bytes = runs_.at(run).bytes;
    left -= std::min(left, bytes);
    to_remove_.push_back(run);
  }
  std::reverse(to_remove_.begin(), to_remove_.end());
  remove_next();
}

// One at a time: there is no hurry.
void RetentionLoop::remove_next() {
  if (stopped_) return;
  if (to_remove_.empty()) {
    rest(kRetentionUs);
    return;
  }
  const RunKey run = to_remove_.back();
  to_remove_.pop_back();
  remove_objects(run);
}

void RetentionLoop::remove_objects(const RunKey& run) {
  auto found = [this, run](Result<Objects> page) {
    if (!page.ok()) {
      rest(kRetentionUs);
      return;
    }
    if (page->empty()) {
      unlist(run);
      return;
    }
    auto left = std::make_shared<std::size_t>(page->size());
    auto failed = std::make_shared<bool>(false);
    for (const ports::ObjectInfo& object : *page) {
      auto removed = [this, run, left, failed](Status status) {
        *failed |= !status.ok();
        if (--*left > 0 || stopped_) return;
        if (*failed) {
          rest(kRetentionUs);
        } else {
          remove_objects(run);
        }
      };
      store_.remove(object.key, alive_.answer<Status>(loop_, removed));
    }
  };
  store_.list(fmt::format("{}{}/", kRuns, run.text()), {}, limits::kRunsMovedOut,
              alive_.answer<Result<Objects>>(loop_, std::move(found)));
}

void RetentionLoop::unlist(const RunKey& run) {
  auto appended = [this, run](Result<ports::Appended> done) {
    if (!done.ok()) {
      rest(kRetentionUs);
      return;
    }
    const auto found = runs_.find(run);
    if (found != runs_.end()) {
      bytes_ -= std::min(bytes_, found->second.bytes);
      runs_.erase(found);
    }
    counters_.add(Counter::runs_removed);
    spdlog::info("retention: run {} is removed, as --keep-days or --keep-bytes says", run.text());
    remove_next();
  };
  log_.append(ports::kRunsTopic, {{run.text(), "", to_number(loop_.now())}},
              alive_.answer<Result<ports::Appended>>(loop_, std::move(appended)));
}

}  // namespace telltale::loops
