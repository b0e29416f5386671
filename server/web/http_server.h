// HttpServer: the sockets. Accepts connections on one loop, reads requests within their limits,
// guards them, and hands them to who their route names: for an answer, or for a live session over
// WebSocket or server-sent events. Lives on serve's loop (its io_context).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/counters.h"
#include "base/limits.h"
#include "ports/http_handler.h"
#include "web/authenticator.h"
#include "web/body_budget.h"
#include "web/request_guard.h"
#include "web/route.h"

namespace boost::asio {
class io_context;
}

namespace telltale::web {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  int port = 8080;  // 0: any free one
  GuardOptions guard;
  // Until a handler that says nothing is answered for.
  std::int64_t answer_us = limits::kAnswerUs;
};

class HttpServer {
 public:
  // `loop` is that of `context`. All outlive it.
  HttpServer(boost::asio::io_context& context, ports::Runtime& loop, const Routes& routes,
             Authenticator& authenticator, BodyBudget& bodies, Counters& counters);
  ~HttpServer();

  // Binds and starts to accept; answers the port. Called once, from any thread before requests
  // come.
  Result<int> listen(const HttpServerOptions& options);
  // Accepts no more, and ends all connections: those that are being answered with their answer, for
  // limits::kLingerUs at the most. `closed` once none is left; on serve's loop, as that.
  void close(std::function<void()> closed);

  struct Shared;  // http_connection.h

 private:
  std::shared_ptr<Shared> shared_;
  BodyBudget& bodies_;
};

}  // namespace telltale::web
