// A WebSocket connection as a Transport (internal to http_server): bytes between the socket and a
// Session, one message in each direction at a time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <memory>

#include "web/http_connection.h"

namespace telltale::web {

// `upgrade` is a handshake that was looked at (request_gate.h).
boost::asio::awaitable<void> run_websocket(
    HttpServer::Shared& shared, boost::beast::tcp_stream& stream,
    boost::beast::http::request<boost::beast::http::buffer_body> upgrade,
    const ports::HttpRequest& request, ports::LiveHandler& handler);

}  // namespace telltale::web
