#include "main/http_post.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <charconv>

namespace telltale::main {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;

Result<ServerUrl> parse_server_url(const std::string& url, const char* flag) {
  constexpr std::string_view kScheme = "http://";
  std::string rest = url;
  if (rest.rfind(kScheme, 0) == 0) {
    rest = rest.substr(kScheme.size());
    rest = rest.substr(0, rest.find('/'));
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string::npos && !rest.empty()) return ServerUrl{rest, "80"};
    if (colon != std::string::npos && colon > 0 && colon + 1 < rest.size())
      return ServerUrl{rest.substr(0, colon), rest.substr(colon + 1)};
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("{} {} is no address like http://127.0.0.1:8080.", flag, url)};
}

Result<PostAnswer> http_post(const ServerUrl& url, const std::string& path,
                             const std::string& content_type, const std::string& body) {
  try {
    boost::asio::io_context context;
    beast::tcp_stream stream(context);
    stream.connect(tcp::resolver(context).resolve(url.host, url.port));
    http::request<http::string_body> request(http::verb::post, path, 11);
    request.set(http::field::host, url.host + ":" + url.port);
    request.set(http::field::content_type, content_type);
    if (const char* token = std::getenv("TELLTALE_TOKEN"))
      request.set(http::field::authorization, std::string("Bearer ") + token);
    request.body() = body;
    request.prepare_payload();
    http::write(stream, request);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(stream, buffer, response);
    PostAnswer answer{static_cast<int>(response.result_int()), response.body(), 0};
    const auto after = response[http::field::retry_after];
    std::from_chars(after.data(), after.data() + after.size(), answer.retry_after_s);
    return answer;
  } catch (const boost::system::system_error& error) {
    return Error{ErrorCode::unavailable,
                 fmt::format("No Telltale answers at {} ({}). Start one with `make run` or "
                             "`telltale serve`.",
                             url.text(), error.code().message())};
  }
}

std::string json_field(const std::string& json, const char* name) {
  simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(json)[name].get_string().get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

}  // namespace telltale::main
