#include "ports/http_handler.h"

#include <fmt/format.h>

#include <cctype>

#include "base/json.h"

namespace telltale::ports {

const std::string& HttpRequest::header(const std::string& name) const {
  static const std::string kNone;
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return kNone;
}

HttpResponse problem(const Error& error) {
  return problem(http_status_of(error.code), name_of(error.code), error.message);
}

HttpResponse problem(int status, std::string_view title, std::string_view detail) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body =
      fmt::format("{{\"type\":\"about:blank\",\"title\":\"{}\",\"status\":{},\"detail\":{}}}\n",
                  title, status, json_string(detail));
  if (response.status == 429 || response.status == 503)
    response.headers.emplace_back("retry-after", "1");
  return response;
}

std::optional<HttpResponse> unless_json(const HttpRequest& request) {
  const std::string& told = request.header("content-type");
  std::string type = told.substr(0, told.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  for (char& c : type) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (type == "application/json") return std::nullopt;
  return problem(415, "unsupported_media_type",
                 "This path takes JSON: send `Content-Type: application/json`.");
}

}  // namespace telltale::ports
