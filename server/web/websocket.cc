#include "web/websocket.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "base/limits.h"
#include "web/live_transport.h"

namespace telltale::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Socket = beast::websocket::stream<beast::tcp_stream&>;
constexpr const char* kProtocol = "telltale";

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

  // A page that brings its token as a subprotocol has to be told one that it offered.
  void agree_on(const std::string& offered) {
    if (offered.find(kProtocol) == std::string::npos) return;
    socket.set_option(
        beast::websocket::stream_base::decorator([](beast::websocket::response_type& response) {
          response.set(beast::http::field::sec_websocket_protocol, kProtocol);
        }));
  }

  Socket socket;

 protected:
  void write(asio::const_buffer message, std::function<void(bool)> done) override {
    socket.async_write(message,
                       [done = std::move(done)](error_code error, std::size_t) { done(!error); });
  }
};

}  // namespace

asio::awaitable<void> run_websocket(HttpServer::Shared& shared, beast::tcp_stream& stream,
                                    beast::http::request<beast::http::buffer_body> upgrade,
                                    const ports::HttpRequest& request,
                                    ports::LiveHandler& handler) {
  auto transport = std::make_shared<WebsocketTransport>(stream);
  transport->session = handler.open(request, *transport);
  error_code error;
  stream.expires_never();  // the WebSocket has timeouts of its own
  Socket& socket = transport->socket;
  socket.set_option(
      beast::websocket::stream_base::decorator([](beast::websocket::response_type& response) {
        response.set(beast::http::field::server, "telltale");
      }));
  transport->agree_on(request.header("sec-websocket-protocol"));
  co_await socket.async_accept(upgrade, asio::redirect_error(asio::use_awaitable, error));
  if (!error && transport->session && !shared.closing) {
    shared.counters.add(Counter::live_connections);
    transport->session->start();
  }
  beast::flat_buffer buffer;
  while (!error && transport->session && !shared.closing) {
    co_await socket.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
    if (error || !transport->session || shared.closing) break;
    transport->session->received(beast::buffers_to_string(buffer.data()));
    buffer.consume(buffer.size());
  }
  co_await end_live(std::move(transport), stream);
}

}  // namespace telltale::web
