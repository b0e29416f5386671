#include "main/run_command.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>

#include "base/json.h"

namespace telltale::main {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;

struct Url {
  std::string host;
  std::string port;
};

Result<Url> parse_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  std::string rest = url;
  if (rest.rfind(kScheme, 0) == 0) {
    rest = rest.substr(kScheme.size());
    rest = rest.substr(0, rest.find('/'));
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string::npos) return Url{rest, "80"};
    if (colon > 0 && colon + 1 < rest.size())
      return Url{rest.substr(0, colon), rest.substr(colon + 1)};
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("--url {} is no address like http://127.0.0.1:8080.", url)};
}

Result<std::string> body_of(const RunConfig& config) {
  std::error_code error;
  const auto file = std::filesystem::absolute(config.pipeline_file, error).lexically_normal();
  if (!std::filesystem::is_regular_file(file, error))
    return Error{ErrorCode::not_found, fmt::format("There is no file {}.", file.string())};
  std::string parameters;
  for (const std::string& parameter : config.parameters) {
    const std::size_t equals = parameter.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("--param {} is no name=value.", parameter)};
    }
    parameters += fmt::format("{}{}:{}", parameters.empty() ? "" : ",",
                              json_string(parameter.substr(0, equals)),
                              json_string(parameter.substr(equals + 1)));
  }
  const std::string folder = std::filesystem::current_path(error).string();
  return fmt::format(
      "{{\"pipeline_file\":{},\"working_directory\":{},\"pipeline\":{},\"parameters\":{{{}}}}}",
      json_string(file.string()), json_string(folder), json_string(config.pipeline), parameters);
}

Result<http::response<http::string_body>> post(const Url& url, const std::string& body) {
  try {
    boost::asio::io_context context;
    beast::tcp_stream stream(context);
    stream.connect(tcp::resolver(context).resolve(url.host, url.port));
    http::request<http::string_body> request(http::verb::post, "/api/v1/runs", 11);
    request.set(http::field::host, url.host + ":" + url.port);
    request.set(http::field::content_type, "application/json");
    if (const char* token = std::getenv("TELLTALE_TOKEN"))
      request.set(http::field::authorization, std::string("Bearer ") + token);
    request.body() = body;
    request.prepare_payload();
    http::write(stream, request);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(stream, buffer, response);
    return response;
  } catch (const boost::system::system_error& error) {
    return Error{ErrorCode::unavailable,
                 fmt::format("No Telltale answers at http://{}:{} ({}). Start one with `make run` "
                             "or `telltale serve`.",
                             url.host, url.port, error.code().message())};
  }
}

std::string field_of(const std::string& json, const char* name) {
  simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(json)[name].get_string().get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

}  // namespace

Status run_command(const RunConfig& config) {
  const Result<Url> url = parse_url(config.url);
  if (!url.ok()) return url.error();
  const Result<std::string> body = body_of(config);
  if (!body.ok()) return body.error();
  const auto response = post(url.value(), body.value());
  if (!response.ok()) return response.error();
  const std::string key = field_of(response->body(), "run_key");
  if (response->result_int() != 202 || key.empty()) {
    const std::string detail = field_of(response->body(), "detail");
    return Error{
        ErrorCode::internal,
        detail.empty() ? fmt::format("The server answered {}.", response->result_int()) : detail};
  }
  fmt::print("Watch it at http://{}:{}/runs/{}\n", url->host, url->port, key);
  return Done{};
}

}  // namespace telltale::main
