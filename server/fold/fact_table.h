// FactTable: the entities a source told of (its nodes, its pods), each with the last whole value
// that was told. Facts are taken by value: the one of the highest generation and version stands, in
// whatever order they come and however often. Owned by RunView; knows nothing of tasks. Values are
// immutable and shared, so that a copy of a view costs pointers.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "fold/change_order.h"

namespace telltale::fold {

template <typename Told>
class FactTable {
 public:
  struct Entity {
    std::shared_ptr<const Told> told;
    LogOffset changed_at{};
  };

  // The entity's slot if it is not as it was. `id` is of `told`.
  std::optional<Slot> apply(LogOffset at, const std::string& id, const Told& told) {
    const auto [found, added] = slots_.try_emplace(id, static_cast<Slot>(entities_.size()));
    if (added) {
      entities_.emplace_back();
    } else {
      const Told& known = *entities_[found->second].told;
      if (age(told) < age(known)) return std::nullopt;
      if (age(told) == age(known) && told.SerializeAsString() == known.SerializeAsString())
        return std::nullopt;
    }
    set(found->second, told);
    touch(found->second, at);
    return found->second;
  }

  // From a snapshot, in the order of slots; order_again() once all are there.
  void restore(LogOffset changed_at, const std::string& id, const Told& told) {
    const Slot slot = static_cast<Slot>(entities_.size());
    slots_.emplace(id, slot);
    entities_.emplace_back();
    set(slot, told);
    entities_[slot].changed_at = changed_at;
  }
  void order_again() {
    std::vector<Slot> slots(entities_.size());
    for (Slot slot = 0; slot < slots.size(); ++slot) slots[slot] = slot;
    std::stable_sort(slots.begin(), slots.end(), [this](Slot a, Slot b) {
      return entities_[a].changed_at < entities_[b].changed_at;
    });
    for (const Slot slot : slots) order_.touch(slot, entities_[slot].changed_at);
  }

  // Of all it holds, with what finds it.
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return entities_.size(); }
  const Told& at(Slot slot) const { return *entities_[slot].told; }
  const Entity& entity(Slot slot) const { return entities_[slot]; }
  std::optional<Slot> find(const std::string& id) const {
    const auto found = slots_.find(id);
    return found == slots_.end() ? std::nullopt : std::optional<Slot>(found->second);
  }
  // Slots touched after `since`, in slot order.
  std::vector<Slot> changed_since(LogOffset since) const { return order_.changed_since(since); }
  // It looks other than it did because of something else.
  void touch(Slot slot, LogOffset at) {
    entities_[slot].changed_at = at;
    order_.touch(slot, at);
  }

 private:
  static std::tuple<std::uint64_t, std::uint64_t> age(const Told& told) {
    return {told.generation(), told.version()};
  }
  void set(Slot slot, const Told& told) {
    constexpr std::size_t kFound = 2 * sizeof(Entity) + 128;
    std::shared_ptr<const Told>& kept = entities_[slot].told;
    if (kept != nullptr) bytes_ -= kept->SpaceUsedLong() + kFound;
    kept = std::make_shared<const Told>(told);
    bytes_ += kept->SpaceUsedLong() + kFound;
  }

  std::deque<Entity> entities_;
  std::unordered_map<std::string, Slot> slots_;
  ChangeOrder order_;
  std::size_t bytes_ = 0;
};

}  // namespace telltale::fold
