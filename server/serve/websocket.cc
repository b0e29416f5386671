#include "serve/websocket.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "base/limits.h"

namespace telltale::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Socket = beast::websocket::stream<beast::tcp_stream&>;

// Shared by the reading coroutine and writes under way; the session goes with the reader.
class WebsocketTransport final : public Transport,
                                 public std::enable_shared_from_this<WebsocketTransport> {
 public:
  explicit WebsocketTransport(beast::tcp_stream& stream) : socket(stream) {}

  void send(std::string message) override {
    CHECK(!writing_, "a message is sent while another one is on its way");
    writing_ = true;
    message_ = std::move(message);
    socket.async_write(asio::buffer(message_),
                       [self = shared_from_this()](error_code error, std::size_t) {
                         self->writing_ = false;
                         if (error || !self->session) return;
                         self->session->sent();
                       });
  }

  void close() override {
    session.reset();
    error_code ignored;
    socket.next_layer().socket().close(ignored);
  }

  Socket socket;
  std::unique_ptr<Session> session;

 private:
  bool writing_ = false;
  std::string message_;
};

}  // namespace

asio::awaitable<void> run_websocket(std::shared_ptr<HttpServer::Shared> shared,
                                    beast::tcp_stream& stream,
                                    beast::http::request<beast::http::string_body> upgrade,
                                    const ports::HttpRequest& request) {
  auto transport = std::make_shared<WebsocketTransport>(stream);
  transport->session = shared->site.open_websocket(request, *transport);
  error_code error;
  if (!transport->session) {
    beast::http::response<beast::http::string_body> response(beast::http::status::not_found, 11);
    response.body() = "There is no WebSocket here: use /api/v1/live.\n";
    response.prepare_payload();
    co_await beast::http::async_write(stream, response,
                                      asio::redirect_error(asio::use_awaitable, error));
    co_return;
  }
  stream.expires_never();
  Socket& socket = transport->socket;
  auto timeouts = beast::websocket::stream_base::timeout::suggested(beast::role_type::server);
  socket.set_option(timeouts);
  socket.binary(true);
  socket.read_message_max(limits::kClientFrameBytes);
  co_await socket.async_accept(upgrade, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  shared->counters.add(Counter::live_connections);
  transport->session->start();
  beast::flat_buffer buffer;
  while (!error && transport->session) {
    co_await socket.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
    if (error || !transport->session) break;
    transport->session->received(beast::buffers_to_string(buffer.data()));
    buffer.consume(buffer.size());
  }
  // The session goes first: it must not send through a socket that is gone. A write under way ends
  // with the socket, before the stream it refers to does.
  transport->session.reset();
  stream.cancel();
  while (transport.use_count() > 1) {
    co_await asio::post(stream.get_executor(), asio::use_awaitable);
  }
}

}  // namespace telltale::serve
