#include "loops/health_loop.h"

#include <fmt/format.h>

#include "keep/checkpoint.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kAskEveryUs = 2'000'000;
constexpr const char* kLog = "log";
constexpr const char* kStore = "store";

}  // namespace

HealthLoop::HealthLoop(ports::Runtime& loop, ports::Log& log, ports::Store& store)
    : loop_(loop), log_(log), store_(store) {
  // Not ready before both have answered once.
  troubles_[kLog] = "not asked yet";
  troubles_[kStore] = "not asked yet";
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

void HealthLoop::ask() {
  ask_log();
  ask_store();
  loop_.post_after(kAskEveryUs, alive_.task([this] { ask(); }));
}

void HealthLoop::ask_log() {
  if (std::exchange(log_asked_, true)) {
    tell(kLog, "does not answer");
    return;
  }
  auto answered = [this](Result<ports::Bounds> bounds) {
    log_asked_ = false;
    tell(kLog, bounds.ok() ? "" : bounds.error().message);
  };
  log_.bounds({ports::kEventsTopic, 0}, alive_.answer<Result<ports::Bounds>>(loop_, answered));
}

void HealthLoop::ask_store() {
  if (std::exchange(store_asked_, true)) {
    tell(kStore, "does not answer");
    return;
  }
  auto answered = [this](Result<ports::Object> object) {
    store_asked_ = false;
    const bool there = object.ok() || object.error().code == ErrorCode::not_found;
    tell(kStore, there ? "" : object.error().message);
  };
  store_.get(keep::checkpoint_key(0), {0, 1},
             alive_.answer<Result<ports::Object>>(loop_, answered));
}

}  // namespace telltale::loops
