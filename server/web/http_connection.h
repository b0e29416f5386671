// What one accepted connection does until it ends (internal to http_server).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "web/http_server.h"
#include "web/peer_waits.h"

namespace telltale::web {

// A connection as the server sees it.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  // Ends its waiting for the peer. A request that is being answered gets its answer.
  virtual void close() = 0;
  // Ends it whatever it waits for.
  virtual void abort() = 0;
};

struct HttpServer::Shared {
  Shared(boost::asio::io_context& io, ports::Runtime& its_loop, const Routes& its_routes,
         Authenticator& who, Counters& its_counters)
      : context(io),
        loop(its_loop),
        routes(its_routes),
        authenticator(who),
        counters(its_counters) {}

  boost::asio::io_context& context;
  ports::Runtime& loop;
  const Routes& routes;
  Authenticator& authenticator;
  Counters& counters;
  GuardOptions guard;
  std::chrono::microseconds answer{};  // for how long a handler is waited for
  std::optional<std::chrono::steady_clock::time_point> told_files;  // that there are none left
  std::function<void()> close_acceptor;
  std::set<OpenConnection*> open;
  PeerWaits waits;       // of the open ones
  std::size_t live = 0;  // of the open ones: WebSockets and event streams
  bool closing = false;
  std::function<void()> closed;  // called when closing and none is open
};

// Reads requests until the peer leaves or the connection turns into a live one.
boost::asio::awaitable<void> serve_connection(std::shared_ptr<HttpServer::Shared> shared,
                                              boost::beast::tcp_stream stream);

}  // namespace telltale::web
