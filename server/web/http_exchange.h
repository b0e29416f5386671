// Exchange: what one request's connection and its handler have in common (internal to
// http_connection). The connection's coroutine owns it and waits on it; the handler's Respond and
// the request's Body refer to it weakly, so that either side may go first. Lives on the loop of the
// sockets; a Respond may be dropped on any thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "ports/http_handler.h"

namespace telltale::web {

struct Exchange {
  explicit Exchange(const boost::asio::any_io_executor& executor) : timer(executor) {}

  // A piece of the request's body that its reader asks for.
  struct Wanted {
    std::size_t most;
    ports::Completion<Result<std::string>> done;
  };

  std::optional<Wanted> wanted;
  std::optional<ports::HttpResponse> response;
  std::optional<Result<std::string>> piece;  // of the response's body, once it was asked for

  void wake() { timer.cancel(); }
  // Until woken, or until then.
  boost::asio::awaitable<void> wait(boost::asio::steady_timer::time_point until);

  boost::asio::steady_timer timer;
};

std::unique_ptr<ports::Body> body_of(const std::shared_ptr<Exchange>& exchange);
ports::Respond respond_to(const std::shared_ptr<Exchange>& exchange);

}  // namespace telltale::web
