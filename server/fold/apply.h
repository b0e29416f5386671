// Small rules that several kinds of events share. Used by apply_*.cc only.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "base/limits.h"
#include "fold/run_state.h"

namespace telltale::fold {

inline constexpr const char* kTooLarge =
    "A run has at most 20,000 tasks and 60,000 dependencies between them: what is beyond was left "
    "out.";
static_assert(limits::kRunTasks == 20'000 && limits::kRunEdges == 60'000);

// Notes the version; true when what was told is no newer than what is known. Version 0 is always
// new.
inline bool is_old_version(std::uint64_t told, std::uint64_t& known) {
  if (told == 0) return false;
  if (told <= known) return true;
  known = told;
  return false;
}

inline std::uint64_t add_capped(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - a;
  return a + (b < room ? b : room);
}

// Absent (empty, 0) keeps the earlier value. True if it changed.
inline bool set_text(std::string& value, const std::string& told) {
  if (told.empty() || value == told) return false;
  value = told;
  return true;
}

template <typename Number>
bool set_number(Number& value, Number told) {
  if (told == 0 || value == told) return false;
  value = told;
  return true;
}

// A name that is told again takes its new value; others stay.
template <typename ProtoMap>
bool merge(std::map<std::string, std::string>& values, const ProtoMap& told) {
  bool changed = false;
  for (const auto& [name, value] : told) {
    const auto [found, added] = values.try_emplace(name, value);
    if (!added && found->second == value) continue;
    found->second = value;
    changed = true;
  }
  return changed;
}

// State and message of a run or a task. A message explains its state, so a new state without one
// clears it. Start and end take the event's time where the source tells none; a state that has not
// ended has no end.
template <typename Entity, typename Told>
bool set_state(Entity& entity, const Told& told, std::int64_t happened_at_us) {
  bool changed = false;
  const State state = to_state(static_cast<int>(told.state()));
  if (state == State::unspecified || state == entity.state) {
    changed = set_text(entity.message, told.message());
  } else {
    entity.state = state;
    entity.message = told.message();
    changed = true;
  }
  if (state == State::running && entity.started_at_us == 0)
    changed |= set_number(entity.started_at_us, happened_at_us);
  if (has_ended(entity.state)) {
    if (entity.finished_at_us == 0) changed |= set_number(entity.finished_at_us, happened_at_us);
  } else if (entity.finished_at_us != 0) {
    entity.finished_at_us = 0;
    changed = true;
  }
  return changed;
}

}  // namespace telltale::fold
