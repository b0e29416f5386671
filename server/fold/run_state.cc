#include "fold/run_state.h"

#include <algorithm>
#include <array>

namespace telltale::fold {
namespace {

constexpr std::array<const char*, kStates> kNames = {
    "unspecified", "pending", "queued",   "running",   "succeeded", "failed",
    "skipped",     "cached",  "retrying", "suspended", "cancelled", "unknown"};

}  // namespace

const char* name_of(State state) { return kNames[static_cast<std::size_t>(state)]; }

std::optional<State> parse_state(std::string_view name) {
  const auto found = std::find(kNames.begin() + 1, kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<State>(found - kNames.begin());
}

State to_state(int number) {
  return number >= 0 && number < static_cast<int>(kStates) ? static_cast<State>(number)
                                                           : State::unknown;
}

bool has_ended(State state) {
  return state == State::succeeded || state == State::failed || state == State::skipped ||
         state == State::cached || state == State::cancelled;
}

std::int32_t Task::newest_attempt() const {
  const std::int32_t logged = logs.empty() ? 1 : logs.rbegin()->first;
  return std::max({attempt, logged, 1});
}

const LogBuffer* Task::log(std::int32_t number) const {
  const auto found = logs.find(number);
  return found == logs.end() ? nullptr : &found->second;
}

}  // namespace telltale::fold
