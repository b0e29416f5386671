// SimNode: the Runtime of one process among several on a SimRuntime. It can stop responding and
// wake up later, as a machine that sleeps or a process that is out of memory does, and it can be
// killed. Owned by who simulates, for as long as the SimRuntime, since answers may come late.
#pragma once

#include <memory>
#include <vector>

#include "ports/runtime.h"

namespace telltale::sim {

class SimNode final : public ports::Runtime {
 public:
  explicit SimNode(ports::Runtime& world) : world_(world) {}

  EpochUs now() const override { return world_.now(); }
  std::int64_t steady_us() const override { return world_.steady_us(); }
  void post(ports::Task task) override;
  ports::TimerId post_after(std::int64_t delay_us, ports::Task task) override;
  // Of a timer that was due while it slept: runs all the same, as ones that are due do.
  void cancel(ports::TimerId timer) override { world_.cancel(timer); }
  std::uint64_t random() override { return world_.random(); }

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
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace telltale::sim
