#include "web/request_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "web/http_fields.h"

namespace telltale::web {
namespace {

using ports::HttpRequest;
using ports::HttpResponse;

// git asks for a password where it is told `Basic`; in the page that would open a dialog.
HttpResponse denied(const Denial& denial, std::optional<Scope> needed) {
  const char* title = denial.status == 401   ? "unauthorized"
                      : denial.status == 429 ? "too_many_requests"
                                             : "forbidden";
  HttpResponse response = ports::problem(denial.status, title, denial.detail);
  if (denial.status == 401) {
    response.headers.emplace_back("www-authenticate",
                                  needed == Scope::git ? "Basic realm=\"telltale\"" : "Bearer");
  }
  return response;
}

HttpResponse no_such_method(const HttpRequest& request, const std::string& allow) {
  HttpResponse response;
  if (request.method == "OPTIONS") {
    response.status = 204;
    response.content_type.clear();
  } else {
    response = ports::problem(405, "method_not_allowed", fmt::format("This path takes {}.", allow));
  }
  response.headers.emplace_back("allow", allow);
  return response;
}

std::optional<HttpResponse> refuse_body(const HttpRequest& request, const Route& route) {
  if (route.json_only) {
    if (auto other = ports::unless_json(request)) return other;
  }
  const std::string& encoding = request.header("content-encoding");
  const bool inflated = route.takes_gzip && same_word(encoding, "gzip");
  if (!encoding.empty() && !same_word(encoding, "identity") && !inflated)
    return ports::problem(415, "unsupported_media_type",
                          "Bodies are taken as they are: send it uncompressed.");
  if (route.body_limit > 0 && request.length.value_or(0) > route.body_limit)
    return ports::problem(
        {ErrorCode::too_large, "The body is larger than this path takes. Send less at once."});
  const std::string& expect = request.header("expect");
  if (!expect.empty() && !same_word(expect, "100-continue"))
    return ports::problem(417, "expectation_failed", "The only Expect known here is 100-continue.");
  return std::nullopt;
}

// RFC 6455, 4.2: base64 of 16 bytes.
bool is_websocket_key(std::string_view key) {
  const auto is_base64 = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
  };
  return key.size() == 24 && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, is_base64);
}

std::optional<HttpResponse> refuse_websocket(const HttpRequest& request, const Route& route,
                                             bool upgrade) {
  if (route.websocket == nullptr && upgrade)
    return ports::problem({ErrorCode::not_found, "There is no WebSocket here: use /api/v1/live."});
  if (route.websocket == nullptr) return std::nullopt;
  if (!upgrade)
    return ports::problem({ErrorCode::not_found, "There is a WebSocket here, and nothing else."});
  if (request.header("sec-websocket-version") != "13") {
    HttpResponse response =
        ports::problem(426, "upgrade_required", "This WebSocket is one of version 13.");
    response.headers.emplace_back("upgrade", "websocket");
    response.headers.emplace_back("connection", "upgrade");
    response.headers.emplace_back("sec-websocket-version", "13");
    return response;
  }
  if (!is_websocket_key(request.header("sec-websocket-key")))
    return ports::problem(
        {ErrorCode::invalid_argument, "Sec-WebSocket-Key is 16 bytes as base64."});
  return std::nullopt;
}

}  // namespace

std::optional<HttpResponse> refuse(const HttpRequest& request, const Routes::Found& found,
                                   bool upgrade, const GuardOptions& guard,
                                   Authenticator& authenticator) {
  if (const auto denial = check_request(request, guard)) return denied(*denial, std::nullopt);
  const std::optional<Scope> needed = found.route == nullptr ? Scope::read : found.route->scope;
  if (needed) {
    if (const auto denial = authenticator.check(request, *needed)) return denied(*denial, needed);
  }
  if (request.path == "*") return no_such_method(request, "GET, HEAD, POST, OPTIONS");
  if (found.allow.empty())
    return ports::problem(
        {ErrorCode::not_found, "There is nothing at this path. See docs/formats/api.md."});
  if (found.route == nullptr) return no_such_method(request, found.allow);
  const Route& route = *found.route;
  if (route.handler == nullptr && route.websocket == nullptr)
    return ports::problem({ErrorCode::not_found, std::string(route.elsewhere)});
  if (auto answer = refuse_body(request, route)) return answer;
  if (auto answer = refuse_websocket(request, route, upgrade)) return answer;
  if (route.ready != nullptr && !*route.ready)
    return ports::problem({ErrorCode::unavailable, "The server is starting."});
  return std::nullopt;
}

}  // namespace telltale::web
