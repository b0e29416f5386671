// Listeners: who is told that views changed, each in its turn and a few at once, so that thousands
// of readers do not keep the loop from what else it has to do. Who waits already is told once of
// all that has changed until then. Lives on serve's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "ports/runtime.h"

namespace telltale::serve {

class ViewListener {
 public:
  virtual ~ViewListener() = default;
  // Answers how many bytes it encoded.
  virtual std::size_t views_changed() = 0;
};

class Listeners {
 public:
  // One that was left names nobody, though another listener has its room.
  struct Place {
    std::uint32_t room = 0;
    std::uint32_t guest = 0;  // 0: of nobody
  };

  explicit Listeners(ports::Runtime& loop) : loop_(loop) {}
  ~Listeners() { *alive_ = false; }

  Place add(ViewListener* listener);
  void remove(Place place);

  // Tells each at once where nobody waits, else later.
  void tell_all();
  // Tells it at that time (Runtime::steady_us), in its turn. Of several times asked for only the
  // first is certain.
  void tell_at(Place place, std::int64_t at_us);
  // How long the one that was told last had waited for its turn.
  std::int64_t waited_us() const { return waited_us_; }

 private:
  struct Room {
    ViewListener* listener = nullptr;
    std::uint32_t guest = 0;  // counts who was here
    bool waits = false;       // in line
    std::int64_t waits_since_us = 0;
    std::int64_t told_at_us = 0;  // the first time asked for; 0: none
  };
  Room* find(Place place);
  void put_in_line(std::uint32_t room);
  void tell_some();
  void wait_for_next();
  void keep_appointments();

  ports::Runtime& loop_;
  std::vector<Room> rooms_;
  std::vector<std::uint32_t> empty_rooms_;
  std::deque<std::uint32_t> line_;  // of rooms, each at most once; some may be empty by now
  std::set<std::pair<std::int64_t, std::uint32_t>> appointments_;  // time, room; one of each
  std::int64_t woken_at_us_ = 0;                                   // 0: no timer is set
  ports::TimerId timer_{};
  bool goes_on_ = false;
  std::int64_t waited_us_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace telltale::serve
