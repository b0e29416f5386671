// SimNode: the Runtime of one process among several on a SimRuntime. It can stop responding and
// wake up later, as a machine that sleeps or a process that is out of memory does, its clock can be
// set, and it can be killed. Owned by who simulates, for as long as the SimRuntime, since answers
// may come late.
#pragma once

#include <memory>
#include <vector>

#include "ports/runtime.h"

namespace telltale::sim {

class SimNode final : public ports::Runtime {
 public:
  // With the planted bug that durations are measured by the clock that people set.
  enum class Durations { by_the_steady_clock, by_the_clock_that_is_set };

  explicit SimNode(ports::Runtime& world, Durations durations = Durations::by_the_steady_clock)
      : world_(world), durations_(durations) {}

  EpochUs now() const override { return EpochUs{to_number(world_.now()) + clock_set_by_us_}; }
  std::int64_t steady_us() const override {
    return durations_ == Durations::by_the_steady_clock ? world_.steady_us() : to_number(now());
  }
  void post(ports::Task task) override;
  ports::TimerId post_after(std::int64_t delay_us, ports::Task task) override;
  // Of a timer that was due while it slept: runs all the same, as ones that are due do.
  void cancel(ports::TimerId timer) override { world_.cancel(timer); }
  std::uint64_t random() override { return world_.random(); }

  // As someone who sets the machine's clock.
  void set_clock_by(std::int64_t us) { clock_set_by_us_ += us; }
  void sleep() { state_->asleep = true; }
  // What came meanwhile runs now, in its order.
  void wake();
  void kill();
  bool asleep() const { return state_->asleep; }

 private:
  struct State {
    bool asleep = false;
    bool dead = false;
    std::vector<ports::Task> held;
  };
  ports::Task guarded(ports::Task task) const;

  ports::Runtime& world_;
  const Durations durations_;
  std::int64_t clock_set_by_us_ = 0;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// How far somebody sets a clock: by seconds to years, forward or back.
inline std::int64_t some_clock_step(ports::Runtime& runtime) {
  constexpr std::int64_t kSecondUs = 1'000'000;
  constexpr std::int64_t kSteps[] = {3 * kSecondUs, 3'600 * kSecondUs, 86'400 * kSecondUs,
                                     10LL * 365 * 86'400 * kSecondUs};
  const std::uint64_t which = runtime.random() % 8;
  return which % 2 == 0 ? kSteps[which / 2] : -kSteps[which / 2];
}

}  // namespace telltale::sim
