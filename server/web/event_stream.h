// A response of server-sent events as a Transport (internal to http_server).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>

#include "web/http_connection.h"

namespace telltale::web {

// False when nothing at that path is live: nothing was written then.
boost::asio::awaitable<bool> run_event_stream(HttpServer::Shared& shared,
                                              boost::beast::tcp_stream& stream,
                                              const ports::HttpRequest& request,
                                              ports::LiveHandler& handler);

}  // namespace telltale::web
