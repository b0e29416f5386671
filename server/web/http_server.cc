#include "web/http_server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
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
#include "web/http_connection.h"

namespace telltale::web {
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

// Files that are missing are told once in this time, however many connections find none.
constexpr auto kTellAgain = std::chrono::minutes(1);

// After an error of accept(): out of files most likely. Asked again at once, it would say so again.
asio::awaitable<void> pause_accepting(HttpServer::Shared& shared, boost::system::error_code error) {
  const auto now = std::chrono::steady_clock::now();
  if (!shared.told_files || now - *shared.told_files >= kTellAgain) {
    shared.told_files = now;
    spdlog::warn("web: no connection can be taken: {}. Those that wait longest make room.",
                 error.message());
  }
  shared.waits.drop_longest();
  asio::steady_timer pause(shared.context, kAcceptPause);
  co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

asio::awaitable<void> accept_connections(std::shared_ptr<HttpServer::Shared> shared,
                                         std::shared_ptr<tcp::acceptor> acceptor) {
  while (acceptor->is_open()) {
    boost::system::error_code error;
    tcp::socket socket =
        co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (shared->closing) continue;
    if (error == asio::error::connection_aborted) continue;
    if (error) {
      co_await pause_accepting(*shared, error);
      continue;
    }
    // Where all are at work the new one is closed, and its peer tries again.
    const std::size_t asking = shared->open.size() - shared->live;
    if (asking >= limits::kConnections && !shared->waits.drop_longest()) continue;
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

HttpServer::HttpServer(asio::io_context& context, ports::Runtime& loop, const Routes& routes,
                       Authenticator& authenticator, BodyBudget& bodies, Counters& counters)
    : shared_(std::make_shared<Shared>(context, loop, routes, authenticator, counters)),
      bodies_(bodies) {
  bodies.set_full([shared = shared_.get()] {
    shared->waits.drop_stalled(std::chrono::microseconds(limits::kStalledUs));
  });
}

HttpServer::~HttpServer() { bodies_.set_full(nullptr); }

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
  shared_->answer = std::chrono::microseconds(options.answer_us);
  for (const std::string& host : hosts_of(options.address, port))
    shared_->guard.hosts.push_back(host);
  shared_->close_acceptor = [acceptor] {
    boost::system::error_code ignored;
    acceptor->close(ignored);
  };
  asio::co_spawn(shared_->context, accept_connections(shared_, acceptor), asio::detached);
  return port;
}

void HttpServer::close(std::function<void()> closed) {
  shared_->closing = true;
  if (shared_->close_acceptor) shared_->close_acceptor();
  if (shared_->open.empty()) {
    closed();
    return;
  }
  shared_->closed = std::move(closed);
  for (OpenConnection* connection : shared_->open) connection->close();
  shared_->loop.post_after(limits::kLingerUs, [shared = shared_] {
    for (OpenConnection* connection : shared->open) connection->abort();
  });
}

}  // namespace telltale::web
