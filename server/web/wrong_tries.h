// WrongTries: how many wrong tokens or codes are answered as what they are; whoever tries more of
// them in a minute is told to wait, whatever he brings. Lives on serve's loop.
#pragma once

#include <cstdint>

#include "web/access_limits.h"

namespace telltale::web {

class WrongTries {
 public:
  bool too_many(std::int64_t steady_us) const {
    return steady_us - began_us_ < kWrongTriesUs && count_ >= kWrongTries;
  }
  void add(std::int64_t steady_us) {
    if (count_ == 0 || steady_us - began_us_ >= kWrongTriesUs) {
      began_us_ = steady_us;
      count_ = 0;
    }
    ++count_;
  }

 private:
  std::int64_t began_us_ = 0;
  int count_ = 0;
};

}  // namespace telltale::web
