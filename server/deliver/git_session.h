// GitSession: one request of a git client while git itself works on it: the request's body flows to
// the process, and what that says flows back as the body of the answer. Answers as soon as the
// request was read: a push is then followed as it goes on. Owned by GitHttp until its process has
// ended, and by the answer's body; lives on serve's loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ports/http_handler.h"
#include "ports/process.h"

namespace telltale::deliver {

class GitSession : public std::enable_shared_from_this<GitSession> {
 public:
  // `process` reads its input from a pipe, and says on it nothing but its answer.
  GitSession(ports::Runtime& loop, std::unique_ptr<ports::Process> process);

  // Answers with `head` and what the process says behind it. `input` may be null. `ended`: once the
  // process has.
  void begin(std::unique_ptr<ports::Body> input, std::string head, std::string content_type,
             ports::Respond respond, UniqueFunction<void(ports::ProcessEnd)> ended);
  // Nobody listens any more, or it took too long: git gets time to remove what it left half done.
  void stop();

 private:
  class Output;
  void pump_in();
  void took(Result<std::string> piece);
  void answer();
  void pump_out();
  void said(Result<std::string> piece);
  void give();

  ports::Runtime& loop_;
  std::unique_ptr<ports::Process> process_;
  std::unique_ptr<ports::Body> input_;
  std::string content_type_;
  std::optional<ports::Respond> respond_;  // until it is answered
  // Until then: git may have ended before the request was read.
  std::shared_ptr<GitSession> unanswered_;
  std::string output_;  // said and not yet read
  bool reading_ = false;
  bool output_over_ = false;
  struct Wanted {
    std::size_t most;
    ports::Completion<Result<std::string>> done;
  };
  std::optional<Wanted> wanted_;
};

}  // namespace telltale::deliver
