#include "fold/change_order.h"

#include <algorithm>

namespace telltale::fold {

void ChangeOrder::touch(Slot slot, LogOffset offset) {
  if (slot >= links_.size()) links_.resize(std::size_t{slot} + 1);
  links_[slot].changed_at = offset;
  if (slot == last_) return;
  Link& link = links_[slot];
  if (link.linked) {
    if (link.previous != kNoSlot) links_[link.previous].next = link.next;
    // Only the last one has no next, and this is not the last.
    links_[link.next].previous = link.previous;
  }
  link.previous = last_;
  link.next = kNoSlot;
  link.linked = true;
  if (last_ != kNoSlot) links_[last_].next = slot;
  last_ = slot;
}

std::vector<Slot> ChangeOrder::changed_since(LogOffset since) const {
  std::vector<Slot> slots;
  for (Slot slot = last_; slot != kNoSlot && links_[slot].changed_at > since;
       slot = links_[slot].previous)
    slots.push_back(slot);
  std::sort(slots.begin(), slots.end());
  return slots;
}

LogOffset ChangeOrder::newest() const {
  return last_ == kNoSlot ? LogOffset{0} : links_[last_].changed_at;
}

}  // namespace telltale::fold
