#include "web/sign_in.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>

#include "base/json.h"
#include "web/access_limits.h"

namespace telltale::web {
namespace {

ports::HttpResponse secret_answer(std::string body) {
  ports::HttpResponse response;
  response.body = std::move(body);
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

// A text of a JSON object.
std::optional<std::string> field_of(const std::string& body, const char* name) {
  simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(body)[name].get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

}  // namespace

void SignIn::handle(ports::HttpRequest request, std::string body, ports::Respond respond) {
  respond(request.path == "/api/v1/link"     ? link()
          : request.path == "/api/v1/signed" ? sign(body)
                                             : session(body));
}

ports::HttpResponse SignIn::link() {
  return secret_answer(fmt::format("{{\"code\":\"{}\",\"expires_in_s\":{}}}\n",
                                   sessions_.make_code(), kLinkCodeUs / 1'000'000));
}

ports::HttpResponse SignIn::sign(const std::string& body) const {
  const auto path = field_of(body, "path");
  if (!path || path->rfind("/api/v1/", 0) != 0 || path->find('#') != std::string::npos) {
    return ports::problem(
        {ErrorCode::invalid_argument, "Send {\"path\": \"/api/v1/…\"}, a path of this server."});
  }
  return secret_answer(fmt::format("{{\"url\":{}}}\n", json_string(signed_paths_.sign(*path))));
}

ports::HttpResponse SignIn::session(const std::string& body) {
  const auto code = field_of(body, "code");
  if (!code) {
    return ports::problem(
        {ErrorCode::invalid_argument, "Send {\"code\": \"…\"}, as the link has it."});
  }
  if (sessions_.must_wait()) {
    return ports::problem({ErrorCode::too_many_requests,
                           "Too many wrong codes came in the last minute. Try again in a minute."});
  }
  const auto session = sessions_.exchange(*code);
  if (!session) {
    return ports::problem(403, "forbidden",
                          "This link was used already, or is older than 5 minutes. `telltale "
                          "open` prints another one.");
  }
  return secret_answer(fmt::format("{{\"token\":\"{}\",\"expires_at_us\":\"{}\"}}\n",
                                   session->token, session->expires_at_us));
}

}  // namespace telltale::web
