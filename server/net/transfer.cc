#include "net/transfer.h"

#include <utility>

#include "base/check.h"

namespace telltale::net {
namespace {

// Answers what was asked, once; a completion posts, so that this is done under a lock.
template <typename T>
void answer(std::optional<ports::Completion<T>>& asked, T value) {
  ports::Completion<T> done = std::move(*asked);
  asked.reset();
  done(std::move(value));
}

}  // namespace

void Transfer::head(ports::Completion<Result<ports::FetchHead>> done) {
  const std::lock_guard lock(mutex_);
  CHECK(!asks_head_, "the head of an answer is asked for twice");
  asks_head_.emplace(std::move(done));
  answer_head();
}

bool Transfer::read(std::size_t most, ports::Completion<Result<std::string>> done) {
  const std::lock_guard lock(mutex_);
  CHECK(!asks_body_ && most > 0, "a read of {} bytes while another one waits: {}", most,
        asks_body_.has_value());
  asks_body_.emplace(std::move(done));
  most_ = most;
  return answer_read();
}

void Transfer::drop() {
  const std::lock_guard lock(mutex_);
  dropped_ = true;
  asks_head_.reset();
  asks_body_.reset();
  held_.clear();
}

void Transfer::take_head(ports::FetchHead head) {
  const std::lock_guard lock(mutex_);
  head_ = std::move(head);
  answer_head();
}

bool Transfer::take(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (dropped_) return true;
  const std::size_t waiting = held_.size() - given_;
  if (waiting > 0 && waiting + bytes.size() > window_bytes_) {
    held_up_ = true;
    return false;
  }
  held_.append(bytes);
  answer_read();
  return true;
}

void Transfer::end(Status status) {
  const std::lock_guard lock(mutex_);
  held_up_ = false;
  ended_ = std::move(status);
  answer_head();
  answer_read();
}

bool Transfer::is_dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

bool Transfer::is_held_up() const {
  const std::lock_guard lock(mutex_);
  return held_up_;
}

void Transfer::answer_head() {
  if (!asks_head_) return;
  if (head_) {
    answer<Result<ports::FetchHead>>(asks_head_, *head_);
  } else if (ended_) {
    CHECK(!ended_->ok(), "an answer ended without a head");
    answer<Result<ports::FetchHead>>(asks_head_, ended_->error());
  }
}

// True where that makes room.
bool Transfer::answer_read() {
  if (!asks_body_) return false;
  if (given_ < held_.size()) {
    answer<Result<std::string>>(asks_body_, next_piece(most_));
    return held_.size() - given_ <= window_bytes_ / 2 && std::exchange(held_up_, false);
  }
  if (!ended_) return false;
  answer<Result<std::string>>(asks_body_, ended_->ok() ? Result<std::string>("") : ended_->error());
  return false;
}

std::string Transfer::next_piece(std::size_t most) {
  if (given_ == 0 && held_.size() <= most) return std::exchange(held_, {});
  std::string piece = held_.substr(given_, most);
  given_ += piece.size();
  // What was given goes once it is the larger part, so that small pieces cost what they hold.
  if (given_ * 2 >= held_.size()) {
    held_.erase(0, given_);
    given_ = 0;
  }
  return piece;
}

}  // namespace telltale::net
