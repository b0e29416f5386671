#include "web/event_stream.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

#include "base/limits.h"
#include "web/live_transport.h"

namespace telltale::web {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nServer: telltale\r\nContent-Type: text/event-stream\r\n"
    "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
    "Connection: close\r\n\r\n";

class EventStreamTransport final : public LiveTransport {
 public:
  using LiveTransport::LiveTransport;

 protected:
  void write(asio::const_buffer message, std::function<void(bool)> done) override {
    // A peer that takes nothing for so long is gone, or holds the connection for nothing.
    stream_.expires_after(std::chrono::microseconds(limits::kIdleConnectionUs));
    asio::async_write(
        stream_, message,
        [done = std::move(done), self = shared_from_this()](error_code error, std::size_t) {
          done(!error);
          if (error) self->close();
        });
  }
};

}  // namespace

asio::awaitable<bool> run_event_stream(HttpServer::Shared& shared, boost::beast::tcp_stream& stream,
                                       const ports::HttpRequest& request,
                                       ports::LiveHandler& handler) {
  auto transport = std::make_shared<EventStreamTransport>(stream);
  transport->session = handler.open(request, *transport);
  if (!transport->session) co_return false;
  error_code error;
  co_await asio::async_write(stream.socket(), asio::buffer(kHead),
                             asio::redirect_error(asio::use_awaitable, error));
  if (!error && transport->session && !shared.closing) {
    shared.counters.add(Counter::live_connections);
    transport->session->start();
  }
  // The peer says nothing more; a read ends when it leaves or the server closes. Past the stream's
  // deadline, which is for writes.
  char ignored[256];
  while (!error && transport->session && !shared.closing) {
    co_await stream.socket().async_read_some(asio::buffer(ignored),
                                             asio::redirect_error(asio::use_awaitable, error));
  }
  co_await end_live(std::move(transport), stream);
  co_return true;
}

}  // namespace telltale::web
