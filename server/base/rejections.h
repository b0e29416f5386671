// Rejections: the last refused inputs with their reason and a piece of them, for a person to read
// at /api/v1/rejected. Bounded: the oldest goes first. Lives on the loop that refuses.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace telltale {

struct Rejection {
  EpochUs at{};
  std::string code;
  std::string message;
  std::string sample;  // the first bytes, anything but printable ASCII escaped
};

class Rejections {
 public:
  void add(EpochUs at, std::string code, std::string message, std::string_view raw);
  const std::deque<Rejection>& newest_last() const { return kept_; }
  std::uint64_t total() const { return total_; }

 private:
  std::deque<Rejection> kept_;
  std::uint64_t total_ = 0;
};

}  // namespace telltale
