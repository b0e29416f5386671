// Listeners: who is told that views changed, each in its turn and a few at once, so that thousands
// of readers do not keep the loop from what else it has to do. Who waits already is told once of
// all that has changed until then. Lives on serve's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>

#include "ports/runtime.h"

namespace telltale::serve {

class ViewListener {
 public:
  virtual ~ViewListener() = default;
  virtual void views_changed() = 0;
};

class Listeners {
 public:
  using Place = std::uint64_t;

  explicit Listeners(ports::Runtime& loop) : loop_(loop) {}
  ~Listeners() { *alive_ = false; }

  Place add(ViewListener* listener);
  void remove(Place place) { listeners_.erase(place); }

  // Each tells at once where nobody waits, else later.
  void tell_all();
  void tell(Place place);

  // How long the one that was told last had waited for its turn.
  std::int64_t waited_us() const { return waited_us_; }

 private:
  struct Entry {
    ViewListener* listener;
    bool waits = false;
    EpochUs since{};  // it waits
  };
  void put_in_line(Place place, Entry& entry);
  void tell_some();

  ports::Runtime& loop_;
  std::map<Place, Entry> listeners_;
  Place next_place_ = 1;
  std::deque<Place> line_;  // at most one place a listener; some may have left
  bool goes_on_ = false;
  std::int64_t waited_us_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace telltale::serve
