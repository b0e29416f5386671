// What one accepted connection does until it ends (internal to http_server).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <functional>
#include <list>
#include <memory>
#include <set>

#include "serve/http_server.h"

namespace telltale::serve {

struct HttpServer::Shared {
  Shared(boost::asio::io_context& io, Site& its_site, Counters& its_counters)
      : context(io), site(its_site), counters(its_counters) {}

  boost::asio::io_context& context;
  Site& site;
  Counters& counters;
  GuardOptions guard;
  std::function<void()> close_acceptor;
  std::set<boost::beast::tcp_stream*> open;  // for close()
  // Those of them that wait for a request, the longest first: one of these makes room for another
  // connection, so that peers which only hold theirs keep nobody out.
  std::list<boost::beast::tcp_stream*> waiting;
  std::size_t live = 0;  // of the open ones: WebSockets and event streams
  bool closing = false;
};

// Reads requests until the peer leaves or the connection turns into a live one.
boost::asio::awaitable<void> serve_connection(std::shared_ptr<HttpServer::Shared> shared,
                                              boost::beast::tcp_stream stream);

}  // namespace telltale::serve
