// LiveTransport: what WebSockets and event streams have in common as a Transport (internal to
// http_server). One message at a time; shared by the coroutine that reads and the write under way,
// the session goes with the reader. Lives on serve's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "ports/live_handler.h"

namespace telltale::web {

class LiveTransport : public ports::Transport, public std::enable_shared_from_this<LiveTransport> {
 public:
  explicit LiveTransport(boost::beast::tcp_stream& stream) : stream_(stream) {}

  void send(std::string message) final {
    CHECK(!writing_, "a message is sent while another one is on its way");
    writing_ = true;
    message_ = std::move(message);
    write(boost::asio::buffer(message_), [self = shared_from_this()](bool written) {
      self->writing_ = false;
      if (written && self->session) self->session->sent();
    });
  }

  void close() final {
    session.reset();
    boost::system::error_code ignored;
    stream_.socket().close(ignored);
  }

  std::unique_ptr<ports::Session> session;  // null: the connection is over

 protected:
  // Calls `done` once, later, saying whether the kernel took all of it.
  virtual void write(boost::asio::const_buffer message, std::function<void(bool)> done) = 0;

  boost::beast::tcp_stream& stream_;

 private:
  bool writing_ = false;
  std::string message_;
};

// Ends a live connection. The session goes first: it must not send through a socket that is gone. A
// write under way ends with the socket, before the stream it refers to does.
inline boost::asio::awaitable<void> end_live(std::shared_ptr<LiveTransport> transport,
                                             boost::beast::tcp_stream& stream) {
  transport->close();
  while (transport.use_count() > 1)
    co_await boost::asio::post(stream.get_executor(), boost::asio::use_awaitable);
}

}  // namespace telltale::web
