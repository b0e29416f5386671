// Outgoing: the bytes of encoded frames that the live sessions of a process hold until their peers
// take them. Owned by LiveViews, lives on serve's loop.
#pragma once

#include <cstddef>

#include "serve/live_limits.h"

namespace telltale::serve {

class Outgoing {
 public:
  explicit Outgoing(std::size_t most = kOutgoingBytes) : most_(most) {}

  void add(std::size_t bytes) { bytes_ += bytes; }
  void remove(std::size_t bytes) { bytes_ -= bytes; }
  std::size_t bytes() const { return bytes_; }
  bool full() const { return bytes_ >= most_; }

 private:
  const std::size_t most_;
  std::size_t bytes_ = 0;
};

}  // namespace telltale::serve
