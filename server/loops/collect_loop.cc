#include "loops/collect_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/limits.h"
#include "schema/source.pb.h"

namespace telltale::loops {
namespace {

using Records = std::vector<ports::StoredRecord>;

constexpr std::int64_t kReadWaitUs = 10'000'000;  // a read that found nothing is asked anew

std::int64_t time_of(std::size_t bytes) {
  return static_cast<std::int64_t>(bytes * 1'000'000 / limits::kSourceBytesPerSecond);
}

}  // namespace

CollectLoop::CollectLoop(ports::Runtime& loop, ports::Log& log, ports::EventGate& gate,
                         ports::Source& source, std::string name, Counters& counters, Parse parse,
                         OnTrouble on_trouble)
    : loop_(loop),
      log_(log),
      gate_(gate),
      source_(source),
      name_(std::move(name)),
      positions_{ports::kSourcesTopic, log.partition_of(ports::kSourcesTopic, name_)},
      counters_(counters),
      parse_(std::move(parse)),
      on_trouble_(std::move(on_trouble)) {}

void CollectLoop::start() {
  loop_.post(alive_.task([this] {
    idle_ = false;
    take(Step::find_bounds);
  }));
}

void CollectLoop::take(Step step) {
  if (ended_) return;
  step_ = step;
  switch (step) {
    case Step::find_bounds: return find_bounds();
    case Step::find_position: return find_position();
    case Step::read: return read();
    case Step::append_events: return append_events();
    case Step::append_position: return append_position();
  }
}

void CollectLoop::find_bounds() {
  log_.bounds(positions_, answer<ports::Bounds>([this](const ports::Bounds& bounds) {
                look_from_ = bounds.begin;
                look_to_ = bounds.end;
                take(Step::find_position);
              }));
}

void CollectLoop::find_position() {
  if (look_from_ >= look_to_) {
    kept_position_ = position_;
    spdlog::info("collect: {} is read from {}", name_,
                 position_.empty() ? "its beginning" : position_);
    take(Step::read);
    return;
  }
  log_.read(positions_, look_from_, {}, answer<Records>([this](const Records& records) {
              for (const ports::StoredRecord& record : records) look_at(record);
              // A compacted topic may end in offsets that hold no record any more.
              look_from_ = records.empty() ? look_to_ : next(records.back().offset);
              take(Step::find_position);
            }));
}

void CollectLoop::look_at(const ports::StoredRecord& record) {
  if (record.record.key != name_) return;
  schema::SourcePosition found;
  if (!found.ParseFromString(record.record.value)) {
    counters_.add(Counter::records_unreadable);
    return;
  }
  position_ = found.position();
}

void CollectLoop::read() {
  const std::int64_t now_us = loop_.steady_us();
  if (!is_position_kept() && (stopping_ || now_us >= keep_at_us_)) {
    take(Step::append_position);
    return;
  }
  if (now_us < read_at_us_ && !stopping_) {
    loop_.post_after(read_at_us_ - now_us, alive_.task([this] { take(Step::read); }));
    return;
  }
  ports::SourceLimits limits;
  limits.wait_us = is_position_kept() ? kReadWaitUs : keep_at_us_ - now_us;
  auto done = [this](Result<ports::SourceBatch> batch) {
    if (ended_) return;
    if (batch.ok()) {
      on_batch(batch.take());
    } else if (batch.error().code == ErrorCode::expired && !position_.empty()) {
      relist();
    } else if (batch.error().code == ErrorCode::closed && !is_position_kept()) {
      take(Step::append_position);
    } else {
      failed(batch.error());
    }
  };
  source_.read(position_, limits, alive_.answer<Result<ports::SourceBatch>>(loop_, done));
}

void CollectLoop::on_batch(ports::SourceBatch batch) {
  tell({});
  // Not so of a read from the beginning: a source whose positions never last would else be listed
  // again and again without a pause.
  if (!position_.empty()) failures_ = 0;
  if (batch.items.empty() && batch.position == position_) {
    take(Step::read);
    return;
  }
  std::size_t bytes = 0;
  for (const ports::Item& item : batch.items) bytes += item.bytes.size();
  read_at_us_ = loop_.steady_us() + time_of(bytes);
  next_position_ = std::move(batch.position);
  if (batch.keep_now) keep_at_us_ = INT64_MIN;
  if (!batch.items.empty()) records_ = parse_(batch.items);
  if (!records_.empty()) {
    take(Step::append_events);
    return;
  }
  position_ = next_position_;
  take(Step::read);
}

// The position is behind these events only once the log has them, or never will.
void CollectLoop::append_events() {
  gate_.append(records_, ports::EventGate::From::source,
               answer<ports::GateAnswer>([this](const auto&) {
                 records_.clear();
                 position_ = next_position_;
                 take(Step::read);
               }));
}

void CollectLoop::append_position() {
  schema::SourcePosition position;
  position.set_position(position_);
  log_.append(ports::kSourcesTopic, {{name_, position.SerializeAsString(), to_number(loop_.now())}},
              answer<ports::Appended>([this](const auto&) {
                kept_position_ = position_;
                keep_at_us_ = loop_.steady_us() + limits::kSourcePositionUs;
                take(Step::read);
              }));
}

template <typename T, typename F>
ports::Completion<Result<T>> CollectLoop::answer(F done) {
  return alive_.answer<Result<T>>(loop_, [this, done = std::move(done)](Result<T> result) mutable {
    if (ended_) return;
    if (result.ok()) {
      tell({});
      done(result.value());
    } else {
      failed(result.error());
    }
  });
}

void CollectLoop::failed(const Error& error) {
  if (stopping_ || error.code == ErrorCode::closed) {
    end();
    return;
  }
  tell(error.message);
  try_again();
}

void CollectLoop::relist() {
  spdlog::warn("collect: {} cannot be read on from {}; it is read from its beginning", name_,
               position_);
  counters_.add(Counter::source_relists);
  position_.clear();
  if (stopping_) {
    end();
  } else {
    try_again();
  }
}

// The same step, after a pause that grows with each failure; of several sources that failed
// together, each at its own moment.
void CollectLoop::try_again() {
  counters_.add(Counter::source_retries);
  const std::int64_t most =
      std::min(limits::kSourceRetryUsMax, limits::kSourceRetryUs << failures_);
  if (most < limits::kSourceRetryUsMax) ++failures_;
  const auto half = static_cast<std::uint64_t>(most / 2);
  const auto pause = static_cast<std::int64_t>(half + loop_.random() % (half + 1));
  idle_ = true;
  loop_.post_after(pause, alive_.task([this] {
    idle_ = false;
    take(step_);
  }));
}

// Each change is logged and passed on once, however often it is tried.
void CollectLoop::tell(const std::string& trouble) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  if (!trouble.empty()) spdlog::warn("collect: {}: {}", name_, trouble);
  on_trouble_(trouble);
}

void CollectLoop::stop(UniqueFunction<void()> stopped) {
  loop_.post(alive_.task([this, stopped = std::move(stopped)]() mutable {
    stopping_ = true;
    stopped_ = std::move(stopped);
    source_.close();
    // What is under way comes to the next read, which the source answers `closed`.
    if (ended_ || idle_) {
      end();
    } else {
      loop_.post_after(limits::kHandOverUs, alive_.task([this] { end(); }));
    }
  }));
}

void CollectLoop::end() {
  ended_ = true;
  if (stopped_) std::exchange(stopped_, {})();
}

}  // namespace telltale::loops
