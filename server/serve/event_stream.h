// A response of server-sent events as a Transport (internal to http_server).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>

#include "serve/http_connection.h"

namespace telltale::serve {

// False when nothing at that path is live: nothing was written then.
boost::asio::awaitable<bool> run_event_stream(std::shared_ptr<HttpServer::Shared> shared,
                                              boost::beast::tcp_stream& stream,
                                              const ports::HttpRequest& request);

}  // namespace telltale::serve
