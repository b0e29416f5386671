// LiveHandler: how a stage talks over a connection that stays open, a WebSocket or an event stream,
// without knowing sockets. `web` owns the connection and calls it on its loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ports/http_handler.h"

namespace telltale::ports {

// One live connection's other end: a state machine without I/O. The transport calls received() and
// sent(), and destroys it when the connection ends.
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

class LiveHandler {
 public:
  virtual ~LiveHandler() = default;
  // Null: nothing is live at this path; the request is answered as any other.
  virtual std::unique_ptr<Session> open(const HttpRequest& request, Transport& transport) = 0;
};

}  // namespace telltale::ports
