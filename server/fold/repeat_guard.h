// RepeatGuard: knows which events were told already, so that telling them again changes nothing.
// One high-water mark per epoch, and a window of the last ids for events without an epoch. Part of
// a run's folded state; lives on the loop of its RunView.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace telltale::fold {

class RepeatGuard {
 public:
  // True the first time. An empty epoch or sequence 0 means the id decides; no id at all is new.
  bool is_new(std::string_view epoch, std::uint64_t sequence, std::string_view id);

  // What it takes in memory.
  std::size_t bytes() const { return marks_.size() * 64 + window_.size() * 48; }

  // For snapshots: hash of the epoch -> mark; hashes of ids, oldest first.
  const std::map<std::uint64_t, std::uint64_t>& marks() const { return marks_; }
  std::vector<std::uint64_t> ids() const;
  void restore(std::map<std::uint64_t, std::uint64_t> marks, const std::vector<std::uint64_t>& ids);

 private:
  void remember(std::uint64_t id);

  std::map<std::uint64_t, std::uint64_t> marks_;
  std::vector<std::uint64_t> window_;  // a ring once it is full
  std::size_t oldest_ = 0;
  std::unordered_set<std::uint64_t> known_;
};

}  // namespace telltale::fold
