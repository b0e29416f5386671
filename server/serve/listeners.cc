#include "serve/listeners.h"

namespace telltale::serve {
namespace {

constexpr std::size_t kAtOnce = 128;  // some 2 ms of sending

}  // namespace

Listeners::Place Listeners::add(ViewListener* listener) {
  listeners_[next_place_] = {listener};
  return next_place_++;
}

void Listeners::tell_all() {
  for (auto& [place, entry] : listeners_) put_in_line(place, entry);
  if (!goes_on_) tell_some();
}

void Listeners::tell(Place place) {
  const auto found = listeners_.find(place);
  if (found != listeners_.end()) put_in_line(place, found->second);
  if (!goes_on_) tell_some();
}

void Listeners::put_in_line(Place place, Entry& entry) {
  if (entry.waits) return;
  entry.waits = true;
  entry.since = loop_.now();
  line_.push_back(place);
}

void Listeners::tell_some() {
  for (std::size_t told = 0; told < kAtOnce && !line_.empty(); ++told) {
    const auto found = listeners_.find(line_.front());
    line_.pop_front();
    if (found == listeners_.end()) continue;
    Entry& entry = found->second;
    entry.waits = false;
    waited_us_ = to_number(loop_.now()) - to_number(entry.since);
    entry.listener->views_changed();  // it, or another, may be removed by that
  }
  goes_on_ = !line_.empty();
  if (!goes_on_) return;
  loop_.post([this, alive = alive_] {
    if (*alive) tell_some();
  });
}

}  // namespace telltale::serve
