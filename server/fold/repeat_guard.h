// RepeatGuard: knows which events were told already, so that telling them again changes nothing.
// For each epoch the highest sequence and the gaps below it, in which an event is late rather than
// told again; and a window of the last ids for events without an epoch. Bounded: of too many epochs
// the one that was told something new the longest ago is forgotten, and what is told of it once
// more is taken for new. Part of a run's folded state; lives on the loop of its RunView.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace telltale::fold {

// What a run keeps of its epochs to know repeats, some 80,000 of them: a sender has one for each of
// its lives, a source one for each fact.
inline constexpr std::size_t kRepeatMarkBytes = 8U << 20;
// Gaps in one epoch's sequence in which a late event is known as such; the lowest goes first.
inline constexpr std::size_t kRepeatGaps = 16;

class RepeatGuard {
 public:
  enum class Told { first, again, late };

  // An empty epoch or sequence 0 means the id decides; no id at all is the first time. Late: others
  // of its epoch that come after it were told before it, and it itself was not; once.
  Told judge(std::string_view epoch, std::uint64_t sequence, std::string_view id);

  // What it takes in memory.
  std::size_t bytes() const;

  // Sequences `begin` up to, but not, `end` were not told.
  struct Gap {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  struct Mark {
    std::uint64_t epoch = 0;    // its hash
    std::uint64_t highest = 0;  // sequence
    std::vector<Gap> gaps;      // ascending
  };
  // For snapshots: the one that was told something the longest ago first; hashes of ids, oldest
  // first.
  std::vector<const Mark*> marks() const;
  std::vector<std::uint64_t> ids() const;
  void restore(std::vector<Mark> marks, const std::vector<std::uint64_t>& ids);

 private:
  using Place = std::uint32_t;
  static constexpr Place kNone = UINT32_MAX;
  // Of a ring of all marks in the order in which they were told something.
  struct Entry {
    Mark mark;
    Place older = kNone;
    Place newer = kNone;
  };

  Told judge(Mark& mark, std::uint64_t sequence);
  Place place_of(std::uint64_t epoch);
  void take_out(Place place);
  void put_last(Place place);
  void forget_oldest();
  void remember(std::uint64_t id);

  std::vector<Entry> entries_;
  std::vector<Place> free_;
  std::unordered_map<std::uint64_t, Place> places_;  // by epoch
  Place oldest_mark_ = kNone;
  Place newest_mark_ = kNone;
  std::size_t gaps_ = 0;               // of all marks
  std::vector<std::uint64_t> window_;  // a ring once it is full
  std::size_t oldest_ = 0;
  std::unordered_set<std::uint64_t> known_;
};

}  // namespace telltale::fold
