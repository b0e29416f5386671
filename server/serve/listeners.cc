#include "serve/listeners.h"

#include <algorithm>

#include "serve/live_limits.h"

namespace telltale::serve {
namespace {

constexpr std::size_t kAtOnce = 128;  // some 2 ms of sending

}  // namespace

Listeners::Place Listeners::add(ViewListener* listener) {
  if (empty_rooms_.empty()) {
    empty_rooms_.push_back(static_cast<std::uint32_t>(rooms_.size()));
    rooms_.emplace_back();
  }
  const std::uint32_t number = empty_rooms_.back();
  empty_rooms_.pop_back();
  Room& room = rooms_[number];
  room.listener = listener;
  return {number, ++room.guest};
}

void Listeners::remove(Place place) {
  Room* room = find(place);
  if (room == nullptr) return;
  appointments_.erase({room->told_at_us, place.room});
  room->listener = nullptr;
  room->told_at_us = 0;
  empty_rooms_.push_back(place.room);
}

Listeners::Room* Listeners::find(Place place) {
  if (place.room >= rooms_.size()) return nullptr;
  Room& room = rooms_[place.room];
  return room.listener != nullptr && room.guest == place.guest ? &room : nullptr;
}

void Listeners::tell_all() {
  for (std::uint32_t room = 0; room < rooms_.size(); ++room) put_in_line(room);
  if (!goes_on_) tell_some();
}

void Listeners::put_in_line(std::uint32_t number) {
  Room& room = rooms_[number];
  if (room.waits || room.listener == nullptr) return;
  room.waits = true;
  room.waits_since_us = loop_.steady_us();
  line_.push_back(number);
}

void Listeners::tell_some() {
  std::size_t bytes = 0;
  for (std::size_t told = 0; told < kAtOnce && bytes < kLiveTurnBytes && !line_.empty(); ++told) {
    Room& room = rooms_[line_.front()];
    line_.pop_front();
    room.waits = false;
    waited_us_ = loop_.steady_us() - room.waits_since_us;
    // Who may go, or bring others.
    if (room.listener != nullptr) bytes += room.listener->views_changed();
  }
  goes_on_ = !line_.empty();
  if (!goes_on_) return;
  loop_.post([this, alive = alive_] {
    if (*alive) tell_some();
  });
}

void Listeners::tell_at(Place place, std::int64_t at_us) {
  Room* room = find(place);
  if (room == nullptr || (room->told_at_us != 0 && room->told_at_us <= at_us)) return;
  appointments_.erase({room->told_at_us, place.room});
  appointments_.emplace(at_us, place.room);
  room->told_at_us = at_us;
  wait_for_next();
}

// One timer for all of them: thousands of pulses a second are no work for the loop's timers.
void Listeners::wait_for_next() {
  if (appointments_.empty()) return;
  const std::int64_t at_us = appointments_.begin()->first;
  if (woken_at_us_ != 0 && woken_at_us_ <= at_us) return;
  if (woken_at_us_ != 0) loop_.cancel(timer_);
  woken_at_us_ = at_us;
  const std::int64_t delay_us = std::max<std::int64_t>(at_us - loop_.steady_us(), 0);
  timer_ = loop_.post_after(delay_us, [this, alive = alive_] {
    if (!*alive) return;
    woken_at_us_ = 0;
    keep_appointments();
  });
}

void Listeners::keep_appointments() {
  const std::int64_t now_us = loop_.steady_us();
  while (!appointments_.empty() && appointments_.begin()->first <= now_us) {
    const std::uint32_t room = appointments_.begin()->second;
    appointments_.erase(appointments_.begin());
    rooms_[room].told_at_us = 0;
    put_in_line(room);
  }
  wait_for_next();
  if (!goes_on_) tell_some();
}

}  // namespace telltale::serve
