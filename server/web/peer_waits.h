// PeerWaits: the connections that wait for their peers, to send a header or the next piece of a
// body or to take the next piece of an answer: the longest first. One of these makes room for
// another connection, so that peers which only hold theirs keep nobody out. A piece that moved
// renews the wait, a byte does not. Lives on the loop of the sockets.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>

namespace telltale::web {

class PeerWaits {
  struct Entry;

 public:
  using Clock = std::chrono::steady_clock;

  // One connection's place among them; it waits while this lives.
  class Place {
   public:
    // `drop` ends the wait; called once at the most.
    Place(PeerWaits& waits, std::function<void()> drop);
    ~Place() { waits_.list_.erase(entry_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // So many bytes more came or went; what came is held in memory.
    void came(std::size_t bytes);
    void went(std::size_t bytes);

   private:
    void moved(std::size_t bytes);

    PeerWaits& waits_;
    std::list<Entry>::iterator entry_;
    std::size_t since_renewal_ = 0;
  };

  // Ends the longest wait; false where nobody waits.
  bool drop_longest();
  // Ends the longest wait of those that hold bytes and did not move a piece for that long.
  bool drop_stalled(Clock::duration least);

 private:
  bool drop(std::list<Entry>::iterator entry);

  struct Entry {
    Clock::time_point since;
    std::size_t held;
    std::function<void()> drop;  // empty: it was called
  };
  std::list<Entry> list_;
};

}  // namespace telltale::web
