#include "ports/http_handler.h"

#include <fmt/format.h>

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
  HttpResponse response;
  response.status = http_status_of(error.code);
  response.content_type = "application/problem+json";
  response.body =
      fmt::format("{{\"type\":\"about:blank\",\"title\":\"{}\",\"status\":{},\"detail\":{}}}\n",
                  name_of(error.code), response.status, json_string(error.message));
  if (response.status == 429 || response.status == 503)
    response.headers.emplace_back("retry-after", "1");
  return response;
}

}  // namespace telltale::ports
