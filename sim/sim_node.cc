#include "sim/sim_node.h"

#include <utility>

namespace telltale::sim {

ports::Task SimNode::guarded(ports::Task task) const {
  return [state = state_, task = std::move(task)]() mutable {
    if (state->dead) return;
    if (state->asleep) {
      state->held.push_back(std::move(task));
    } else {
      task();
    }
  };
}

void SimNode::post(ports::Task task) { world_.post(guarded(std::move(task))); }

ports::TimerId SimNode::post_after(std::int64_t delay_us, ports::Task task) {
  return world_.post_after(delay_us, guarded(std::move(task)));
}

void SimNode::wake() {
  state_->asleep = false;
  for (ports::Task& task : std::exchange(state_->held, {})) post(std::move(task));
}

void SimNode::kill() {
  state_->dead = true;
  state_->held.clear();
}

}  // namespace telltale::sim
