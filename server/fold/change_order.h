// ChangeOrder: entities of one kind in the order of their last change, as a doubly linked list over
// slots, so that "changed since P" costs what it returns. Owned by RunView, beside the entities.
#pragma once

#include <vector>

#include "base/ids.h"
#include "fold/run_state.h"

namespace telltale::fold {

class ChangeOrder {
 public:
  // `offset` is never older than that of any touch before. A slot beyond the last is added.
  void touch(Slot slot, LogOffset offset);
  // Slots touched after `since`, in slot order.
  std::vector<Slot> changed_since(LogOffset since) const;
  LogOffset newest() const;  // 0 when nothing was touched

 private:
  struct Link {
    Slot previous = kNoSlot;
    Slot next = kNoSlot;
    LogOffset changed_at{};
    bool linked = false;
  };
  std::vector<Link> links_;
  Slot last_ = kNoSlot;
};

}  // namespace telltale::fold
