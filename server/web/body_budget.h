// BodyBudget: the bytes of request bodies that are gathered at a time, all connections together.
// Past limits::kBodyBytes who sends more is told to come back. Lives on the loop of the sockets.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

#include "base/limits.h"

namespace telltale::web {

class BodyBudget {
 public:
  explicit BodyBudget(std::size_t most = limits::kBodyBytes) : most_(most) {}

  // Called when there is no room: whoever holds bytes and sends no more of them may go.
  void set_full(std::function<void()> full) { full_ = std::move(full); }
  std::size_t held() const { return held_; }

  // What one body takes, given back when it goes.
  class Share {
   public:
    explicit Share(BodyBudget& budget) : budget_(&budget) {}
    ~Share() { budget_->held_ -= bytes_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    bool take(std::size_t bytes) {
      if (budget_->held_ + bytes > budget_->most_) {
        if (budget_->full_) budget_->full_();
        return false;
      }
      budget_->held_ += bytes;
      bytes_ += bytes;
      return true;
    }

   private:
    BodyBudget* budget_;
    std::size_t bytes_ = 0;
  };

 private:
  const std::size_t most_;
  std::atomic<std::size_t> held_ = 0;  // a share may be dropped on any thread
  std::function<void()> full_;
};

}  // namespace telltale::web
