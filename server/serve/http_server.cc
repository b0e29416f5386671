#include "serve/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "base/limits.h"
#include "serve/http_connection.h"

namespace telltale::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kAcceptPause = std::chrono::milliseconds(50);

// The system's usual 1,024 open files would be fewer than the connections; the files of log and
// store come on top.
void allow_open_files() {
  constexpr rlim_t kFiles = limits::kConnections + limits::kLiveConnections + 256;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kFiles) return;
  limit.rlim_cur = std::min(kFiles, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Ends the connection that has waited longest for a request. False when all are at work: the new
// one is closed then, and its peer tries again.
bool make_room(HttpServer::Shared& shared) {
  if (shared.waiting.empty()) return false;
  shared.waiting.front()->cancel();
  return true;
}

asio::awaitable<void> accept_connections(std::shared_ptr<HttpServer::Shared> shared,
                                         std::shared_ptr<tcp::acceptor> acceptor) {
  asio::steady_timer pause(shared->context);
  while (acceptor->is_open()) {
    boost::system::error_code error;
    tcp::socket socket =
        co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (shared->closing) continue;
    if (error) {
      // Out of files most likely; asked again at once, it would only say so again.
      make_room(*shared);
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    const std::size_t asking = shared->open.size() - shared->live;
    if (asking >= limits::kConnections && !make_room(*shared)) continue;
    socket.set_option(tcp::no_delay(true), error);
    asio::co_spawn(shared->context,
                   serve_connection(shared, boost::beast::tcp_stream(std::move(socket))),
                   asio::detached);
  }
}

std::string bare_address(const std::string& address) {
  if (address == "localhost") return "127.0.0.1";
  if (address.size() > 2 && address.front() == '[') return address.substr(1, address.size() - 2);
  return address;
}

}  // namespace

HttpServer::HttpServer(asio::io_context& context, Site& site, Counters& counters)
    : shared_(std::make_shared<Shared>(context, site, counters)) {}

HttpServer::~HttpServer() = default;

Result<int> HttpServer::listen(const HttpServerOptions& options) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(bare_address(options.address), error);
  if (error) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("'{}' is no address to listen on. Use one like 127.0.0.1:8080.",
                             options.address)};
  }
  auto acceptor = std::make_shared<tcp::acceptor>(shared_->context);
  const tcp::endpoint endpoint(address, static_cast<unsigned short>(options.port));
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return Error{ErrorCode::unavailable,
                 fmt::format("Cannot listen on {}:{}: {}. Choose another port.", options.address,
                             options.port, error.message())};
  }
  allow_open_files();
  const int port = acceptor->local_endpoint().port();
  shared_->guard = options.guard;
  for (const std::string& host : hosts_of(options.address, port))
    shared_->guard.hosts.push_back(host);
  shared_->close_acceptor = [acceptor] {
    boost::system::error_code ignored;
    acceptor->close(ignored);
  };
  asio::co_spawn(shared_->context, accept_connections(shared_, acceptor), asio::detached);
  return port;
}

void HttpServer::close() {
  shared_->closing = true;
  if (shared_->close_acceptor) shared_->close_acceptor();
  for (boost::beast::tcp_stream* stream : shared_->open) stream->cancel();
}

}  // namespace telltale::serve
