// Work: the steps that making a drawing took, and how many it may take. Steps are counted and never
// timed, so that the same tasks are drawn the same on every machine. What only makes a drawing
// better (fewer crossings, straighter edges) stops when its own Work is over and keeps what it has;
// what cannot be left out gives up, and the drawing is made by rows (row_layout.h). A plain value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace telltale::drawing {

class Work {
 public:
  explicit Work(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) : most_(most) {}

  void add(std::uint64_t steps) { spent_ += steps; }
  // Nothing more may be done than what was.
  void end() { most_ = 0; }
  bool is_over() const { return spent_ > most_; }
  std::uint64_t spent() const { return spent_; }
  std::uint64_t left() const { return is_over() ? 0 : most_ - spent_; }
  // For a part that may be cut short: at most `most`, and of what is left enough for the others.
  Work part(std::uint64_t most) const { return Work(std::min(most, left() / 4)); }
  // What such a part spent; it never ends the whole.
  void add(const Work& part) { spent_ += std::min(part.spent_, left()); }

 private:
  std::uint64_t most_;
  std::uint64_t spent_ = 0;
};

}  // namespace telltale::drawing
