#include "main/server_client.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <exception>

#include "main/owner_token.h"

namespace telltale::main {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

// A server that is at work answers each of these questions at once.
constexpr std::chrono::seconds kPatience{30};
constexpr const char* kNoToken =
    "Only who started the server may do this: run it as that user, or put his token (the file "
    "`token` of the server's --data) in TELLTALE_TOKEN.";

asio::awaitable<Response> exchange(std::string host, std::string port, Request request) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  const auto found = co_await resolver.async_resolve(host, port, asio::use_awaitable);
  beast::tcp_stream stream(executor);
  stream.expires_after(kPatience);
  co_await stream.async_connect(found, asio::use_awaitable);
  co_await http::async_write(stream, request, asio::use_awaitable);
  beast::flat_buffer buffer;
  Response response;
  co_await http::async_read(stream, buffer, response, asio::use_awaitable);
  co_return response;
}

std::string without_brackets(const std::string& host) {
  return host.size() > 2 && host.front() == '[' ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

Result<ServerClient> ServerClient::of(const std::string& url, const char* flag) {
  constexpr std::string_view kScheme = "http://";
  std::string host = url;
  std::string port = "80";
  if (host.rfind(kScheme, 0) == 0) {
    host = host.substr(kScheme.size());
    host = host.substr(0, host.find_first_of("/?#"));
    const std::size_t colon = host.rfind(':');
    if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
      port = host.substr(colon + 1);
      host = host.substr(0, colon);
    }
    if (!host.empty() && !port.empty()) {
      ServerClient client(host, port);
      Result<std::string> token = find_token(host, port);
      if (!token.ok()) return token.error();
      client.token_ = token.take();
      return client;
    }
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("{} {} is no address like http://127.0.0.1:8080.", flag, url)};
}

Result<ServerClient::Answer> ServerClient::send(const std::string& path, const char* content_type,
                                                const std::string& body) const {
  Request request(http::verb::post, path, 11);
  request.set(http::field::host, host_ + ":" + port_);
  request.set(http::field::content_type, content_type);
  if (!token_.empty()) request.set(http::field::authorization, "Bearer " + token_);
  request.body() = body;
  request.prepare_payload();
  Response response;
  std::string trouble;
  asio::io_context context;
  asio::co_spawn(context, exchange(without_brackets(host_), port_, std::move(request)),
                 [&](const std::exception_ptr& thrown, Response answer) {
                   try {
                     if (thrown) std::rethrow_exception(thrown);
                     response = std::move(answer);
                   } catch (const std::exception& error) {
                     trouble = error.what();
                   }
                 });
  context.run();
  if (!trouble.empty()) {
    return Error{ErrorCode::unavailable,
                 fmt::format("No Telltale answers at {} ({}). Start one with `make run` or "
                             "`telltale serve`.",
                             url(), trouble)};
  }
  Answer answer{static_cast<int>(response.result_int()), std::move(response.body()), 0};
  const auto after = response[http::field::retry_after];
  std::from_chars(after.data(), after.data() + after.size(), answer.retry_after_s);
  return answer;
}

Result<std::string> ServerClient::post(const std::string& path, const std::string& body,
                                       int expected) const {
  Result<Answer> answer = send(path, "application/json", body);
  if (!answer.ok()) return answer.error();
  if (answer->status == expected) return std::move(answer->body);
  if (answer->status == 401) return Error{ErrorCode::invalid_argument, kNoToken};
  const std::string detail = field_of(answer->body, "detail");
  return Error{ErrorCode::internal,
               detail.empty() ? fmt::format("The server answered {}.", answer->status) : detail};
}

std::string field_of(const std::string& json, const char* name) {
  simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(json)[name].get_string().get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

}  // namespace telltale::main
