#include "serve/websocket.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "base/limits.h"
#include "serve/live_transport.h"

namespace telltale::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Socket = beast::websocket::stream<beast::tcp_stream&>;

class WebsocketTransport final : public LiveTransport {
 public:
  explicit WebsocketTransport(beast::tcp_stream& stream) : LiveTransport(stream), socket(stream) {
    // A peer that is gone without a word is found by pings.
    socket.set_option(beast::websocket::stream_base::timeout::suggested(beast::role_type::server));
    socket.binary(true);
    // A large message is written in pieces of this, not of 4 KiB, with pings between them.
    socket.write_buffer_bytes(limits::kLiveMessageBytes);
    socket.read_message_max(limits::kClientFrameBytes);
  }

  Socket socket;

 protected:
  void write(asio::const_buffer message, std::function<void(bool)> done) override {
    socket.async_write(message,
                       [done = std::move(done)](error_code error, std::size_t) { done(!error); });
  }
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
  stream.expires_never();  // the WebSocket has timeouts of its own
  Socket& socket = transport->socket;
  co_await socket.async_accept(upgrade, asio::redirect_error(asio::use_awaitable, error));
  if (!error) {
    shared->counters.add(Counter::live_connections);
    transport->session->start();
  }
  beast::flat_buffer buffer;
  while (!error && transport->session) {
    co_await socket.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
    if (error || !transport->session) break;
    transport->session->received(beast::buffers_to_string(buffer.data()));
    buffer.consume(buffer.size());
  }
  co_await end_live(std::move(transport), stream);
}

}  // namespace telltale::serve
