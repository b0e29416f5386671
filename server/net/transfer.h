// Transfer: what passes between the thread that moves bytes and the reader of one answer: the head,
// then as much of the body as the reader's window holds. Shared by both; any thread may call, and
// nothing is called back but completions, which post. Knows nothing of libcurl.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "ports/http_fetch.h"

namespace telltale::net {

class Transfer {
 public:
  explicit Transfer(std::size_t window_bytes) : window_bytes_(window_bytes) {}

  // --- of the reader
  void head(ports::Completion<Result<ports::FetchHead>> done);
  // True when the sender, whom there was no room for, may go on.
  bool read(std::size_t most, ports::Completion<Result<std::string>> done);
  // Nothing is answered any more once it has returned.
  void drop();

  // --- of the sender
  void take_head(ports::FetchHead head);
  // False when there is no room: these bytes come again after read() said so.
  bool take(std::string_view bytes);
  // After the last byte, or instead of it.
  void end(Status status);
  bool is_dropped() const;
  bool is_held_up() const;  // take() said false and no read() said true since

 private:
  void answer_head();
  bool answer_read();
  std::string next_piece(std::size_t most);

  const std::size_t window_bytes_;
  mutable std::mutex mutex_;
  std::optional<ports::FetchHead> head_;
  std::optional<ports::Completion<Result<ports::FetchHead>>> asks_head_;
  std::string held_;       // of the body
  std::size_t given_ = 0;  // of held_
  bool held_up_ = false;
  std::size_t most_ = 0;
  std::optional<ports::Completion<Result<std::string>>> asks_body_;
  std::optional<Status> ended_;
  bool dropped_ = false;
};

}  // namespace telltale::net
