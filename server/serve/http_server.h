// HttpServer: the sockets. Accepts connections on one loop, reads requests within their limits,
// guards them, and hands them to a Site: a plain answer, or a live session over WebSocket or
// server-sent events. Knows HTTP and nothing of runs. Lives on serve's loop (its io_context).
#pragma once

#include <memory>
#include <string>

#include "base/counters.h"
#include "ports/http_handler.h"
#include "serve/request_guard.h"

namespace boost::asio {
class io_context;
}

namespace telltale::serve {

// One live connection's other end: a state machine without I/O (live_session.h). The transport
// calls received() and sent(), and destroys it when the connection ends.
class Session {
 public:
  virtual ~Session() = default;
  virtual void start() = 0;
  virtual void received(std::string_view message) = 0;
  // The last message given to the transport is with the kernel: there is room for another.
  virtual void sent() = 0;
};

// What a session may do with its connection. send() only after start() or sent(), one at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void send(std::string message) = 0;
  virtual void close() = 0;
};

class Site {
 public:
  virtual ~Site() = default;
  virtual void answer(ports::HttpRequest request, ports::Respond respond) = 0;
  // Null: there is nothing live at this path. Event streams get `request` with its Accept header.
  virtual std::unique_ptr<Session> open_websocket(const ports::HttpRequest& request,
                                                  Transport& transport) = 0;
  virtual std::unique_ptr<Session> open_event_stream(const ports::HttpRequest& request,
                                                     Transport& transport) = 0;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  int port = 8080;  // 0: any free one
  GuardOptions guard;
};

class HttpServer {
 public:
  HttpServer(boost::asio::io_context& context, Site& site, Counters& counters);
  ~HttpServer();

  // Binds and starts to accept; answers the port. Called once, from any thread before requests
  // come.
  Result<int> listen(const HttpServerOptions& options);
  // Accepts no more and closes all connections. On serve's loop.
  void close();

  struct Shared;  // http_connection.h

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace telltale::serve
