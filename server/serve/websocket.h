// A WebSocket connection as a Transport (internal to http_server): bytes between the socket and a
// Session, one message in each direction at a time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <memory>

#include "serve/http_connection.h"

namespace telltale::serve {

boost::asio::awaitable<void> run_websocket(
    std::shared_ptr<HttpServer::Shared> shared, boost::beast::tcp_stream& stream,
    boost::beast::http::request<boost::beast::http::string_body> upgrade,
    const ports::HttpRequest& request);

}  // namespace telltale::serve
