#include "runtime/sim_runtime.h"

namespace telltale::runtime {
namespace {

// Simulated time starts at a fixed, realistic moment: 2026-01-01T00:00:00Z.
constexpr std::int64_t kStartUs = 1'767'225'600'000'000;

}  // namespace

SimRuntime::SimRuntime(std::uint64_t seed) : now_us_(kStartUs), random_(seed) {}

void SimRuntime::schedule(std::int64_t at_us, std::uint64_t order, ports::Task task) {
  tasks_.emplace(Moment{at_us, order}, std::move(task));
}

void SimRuntime::post(ports::Task task) { schedule(now_us_, next_order_++, std::move(task)); }

ports::TimerId SimRuntime::post_after(std::int64_t delay_us, ports::Task task) {
  const std::uint64_t order = next_order_++;
  const std::int64_t at_us = now_us_ + (delay_us > 0 ? delay_us : 0);
  timer_times_.emplace(order, at_us);
  schedule(at_us, order, std::move(task));
  return ports::TimerId{order};
}

void SimRuntime::cancel(ports::TimerId timer) {
  const auto order = static_cast<std::uint64_t>(timer);
  const auto found = timer_times_.find(order);
  if (found == timer_times_.end()) return;
  tasks_.erase(Moment{found->second, order});
  timer_times_.erase(found);
}

std::uint64_t SimRuntime::random() {
  const std::uint64_t value = random_();
  mix(value);
  return value;
}

void SimRuntime::run_due() {
  const auto first = tasks_.begin();
  const Moment moment = first->first;
  ports::Task task = std::move(first->second);
  tasks_.erase(first);
  timer_times_.erase(moment.second);
  now_us_ = moment.first;
  mix(static_cast<std::uint64_t>(moment.first));
  mix(moment.second);
  ++tasks_run_;
  task();
}

void SimRuntime::run_until_idle() {
  while (!tasks_.empty() && tasks_.begin()->first.first <= now_us_) run_due();
}

void SimRuntime::advance(std::int64_t by_us) {
  const std::int64_t until_us = now_us_ + by_us;
  while (!tasks_.empty() && tasks_.begin()->first.first <= until_us) run_due();
  now_us_ = until_us;
}

void SimRuntime::drop_all() {
  tasks_.clear();
  timer_times_.clear();
}

void SimRuntime::mix(std::uint64_t value) {
  trace_ = (trace_ ^ value) * 0x100000001b3U;  // FNV-1a, a word at a time
}

}  // namespace telltale::runtime
