// SimRuntime: a Runtime with a virtual clock, on the caller's thread, from a seed. Simulations and
// tests own it. The same seed and the same calls give the same order of everything; trace() tells
// two runs apart. Tasks posted for the same moment run in the order of posting.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <unordered_map>
#include <utility>

#include "ports/runtime.h"

namespace telltale::runtime {

class SimRuntime final : public ports::Runtime {
 public:
  explicit SimRuntime(std::uint64_t seed);

  EpochUs now() const override { return EpochUs{now_us_ + clock_set_by_us_}; }
  std::int64_t steady_us() const override { return now_us_; }
  void post(ports::Task task) override;
  ports::TimerId post_after(std::int64_t delay_us, ports::Task task) override;
  void cancel(ports::TimerId timer) override;
  std::uint64_t random() override;

  // Runs what is due now and what that posts for now, timers that lie ahead not.
  void run_until_idle();
  // Moves the clock on, running every task at its moment.
  void advance(std::int64_t by_us);
  // As someone who sets the clock: what is due stays due in so long.
  void set_clock_by(std::int64_t us) { clock_set_by_us_ += us; }
  // Forgets all tasks and timers: a process that ended.
  void drop_all();

  // A hash over every task run and every random number drawn so far.
  std::uint64_t trace() const { return trace_; }
  std::uint64_t tasks_run() const { return tasks_run_; }

 private:
  using Moment = std::pair<std::int64_t, std::uint64_t>;  // time, order of posting

  void schedule(std::int64_t at_us, std::uint64_t order, ports::Task task);
  void run_due();
  void mix(std::uint64_t value);

  std::int64_t now_us_;
  std::int64_t clock_set_by_us_ = 0;
  std::uint64_t next_order_ = 1;
  std::uint64_t trace_ = 0xcbf29ce484222325U;
  std::uint64_t tasks_run_ = 0;
  std::map<Moment, ports::Task> tasks_;
  std::unordered_map<std::uint64_t, std::int64_t> timer_times_;
  std::mt19937_64 random_;
};

}  // namespace telltale::runtime
