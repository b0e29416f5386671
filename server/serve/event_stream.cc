#include "serve/event_stream.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace telltale::serve {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nServer: telltale\r\nContent-Type: text/event-stream\r\n"
    "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
    "Connection: close\r\n\r\n";

class EventStreamTransport final : public Transport,
                                   public std::enable_shared_from_this<EventStreamTransport> {
 public:
  explicit EventStreamTransport(boost::beast::tcp_stream& stream) : stream_(stream) {}

  void send(std::string message) override {
    CHECK(!writing_, "an event is sent while another one is on its way");
    writing_ = true;
    message_ = std::move(message);
    asio::async_write(stream_.socket(), asio::buffer(message_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        self->writing_ = false;
                        if (error || !self->session) return;
                        self->session->sent();
                      });
  }

  void close() override {
    session.reset();
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  }

  std::unique_ptr<Session> session;

 private:
  boost::beast::tcp_stream& stream_;
  bool writing_ = false;
  std::string message_;
};

}  // namespace

asio::awaitable<bool> run_event_stream(std::shared_ptr<HttpServer::Shared> shared,
                                       boost::beast::tcp_stream& stream,
                                       const ports::HttpRequest& request) {
  auto transport = std::make_shared<EventStreamTransport>(stream);
  transport->session = shared->site.open_event_stream(request, *transport);
  if (!transport->session) co_return false;
  stream.expires_never();
  error_code error;
  co_await asio::async_write(stream.socket(), asio::buffer(kHead),
                             asio::redirect_error(asio::use_awaitable, error));
  if (!error) {
    shared->counters.add(Counter::live_connections);
    transport->session->start();
  }
  // The peer says nothing more; a read ends when it leaves or the server closes.
  char ignored[256];
  while (!error && transport->session) {
    co_await stream.socket().async_read_some(asio::buffer(ignored),
                                             asio::redirect_error(asio::use_awaitable, error));
  }
  transport->session.reset();
  error_code closed;
  stream.socket().close(closed);
  while (transport.use_count() > 1) {
    co_await asio::post(stream.get_executor(), asio::use_awaitable);
  }
  co_return true;
}

}  // namespace telltale::serve
