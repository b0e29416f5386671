#include "loops/health_loop.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "keep/checkpoint.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kAskEveryUs = 2'000'000;
constexpr const char* kLog = "log";
constexpr const char* kStore = "store";
constexpr const char* kFit = "log and store";

}  // namespace

HealthLoop::HealthLoop(ports::Runtime& loop, ports::Log& log, ports::Store& store, OnFit on_fit)
    : loop_(loop),
      log_(log),
      store_(store),
      on_fit_(std::move(on_fit)),
      partitions_(log.partition_count(ports::kEventsTopic)) {
  // Not ready before both have answered once.
  troubles_[kLog] = "not asked yet";
  troubles_[kStore] = "not asked yet";
  troubles_[kFit] = "not compared yet";
  for (int partition = 0; partition < partitions_; ++partition) not_compared_.insert(partition);
}

void HealthLoop::start() { ask(); }

void HealthLoop::tell(const std::string& part, std::string trouble) {
  if (trouble.empty()) {
    troubles_.erase(part);
  } else {
    troubles_[part] = std::move(trouble);
  }
}

std::string HealthLoop::troubles() const {
  std::string text;
  for (const auto& [part, trouble] : troubles_) text += fmt::format("{}: {}\n", part, trouble);
  return text;
}

// All partitions are compared at the start, then each in its turn.
void HealthLoop::ask() {
  ask_log();
  std::set<int> partitions = not_compared_;
  partitions.insert(turn_);
  turn_ = (turn_ + 1) % partitions_;
  for (const int partition : partitions) ask_store(partition);
  loop_.post_after(kAskEveryUs, alive_.task([this] { ask(); }));
}

// Whether it can be read, and then whether it can be written.
void HealthLoop::ask_log() {
  if (std::exchange(log_asked_, true)) {
    tell(kLog, "does not answer");
    return;
  }
  auto answered = [this](Status status) {
    log_asked_ = false;
    tell(kLog, status.ok() ? "" : status.error().message);
  };
  auto bounded = [this, answered](Result<ports::Bounds> bounds) {
    if (bounds.ok()) {
      log_.check(alive_.answer<Status>(loop_, answered));
    } else {
      answered(bounds.error());
    }
  };
  log_.bounds({ports::kEventsTopic, 0}, alive_.answer<Result<ports::Bounds>>(loop_, bounded));
}

void HealthLoop::ask_store(int partition) {
  if (!store_asked_.insert(partition).second) {
    tell(kStore, "does not answer");
    return;
  }
  auto answered = [this, partition](Result<ports::Object> object) {
    store_asked_.erase(partition);
    const bool there = object.ok() || object.error().code == ErrorCode::not_found;
    tell(kStore, there ? "" : object.error().message);
    if (!there) return;
    const auto reach =
        object.ok() ? keep::reach_of_checkpoint(object->bytes) : std::optional(LogOffset{0});
    compare(partition, reach.value_or(LogOffset{0}));
  };
  store_.get(keep::checkpoint_key(partition), {0, keep::kCheckpointHeadBytes},
             alive_.answer<Result<ports::Object>>(loop_, answered));
}

// The store was asked first: what it has was in the log by then.
void HealthLoop::compare(int partition, LogOffset reach) {
  auto answered = [this, partition, reach](Result<ports::Bounds> bounds) {
    if (bounds.ok()) compared(partition, reach, bounds->end);
  };
  log_.bounds({ports::kEventsTopic, partition},
              alive_.answer<Result<ports::Bounds>>(loop_, answered));
}

void HealthLoop::compared(int partition, LogOffset reach, LogOffset end) {
  not_compared_.erase(partition);
  if (end < reach) {
    misfits_[partition] = fmt::format(
        "Partition {} of {} ends at {}, but the store has what stood before {}: the log was lost, "
        "or is older than its store. What is appended now would never be shown, so nothing is "
        "taken. Stop the server and restore the log, or let it go on behind the store with "
        "`telltale admin mend-log` (docs/operate.md).",
        partition, ports::kEventsTopic, to_number(end), to_number(reach));
  } else {
    misfits_.erase(partition);
  }
  if (!not_compared_.empty()) return;
  const std::string why_not = misfits_.empty() ? "" : misfits_.begin()->second;
  tell(kFit, why_not);
  if (std::exchange(fit_told_, true) && why_not == told_) return;
  told_ = why_not;
  if (!why_not.empty()) spdlog::error("{}", why_not);
  on_fit_(why_not);
}

}  // namespace telltale::loops
