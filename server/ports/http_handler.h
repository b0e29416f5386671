// HttpHandler: how a stage answers HTTP without knowing sockets. `serve` owns the sockets and calls
// handlers on its loop; `main` wires routes to handlers.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_function.h"

namespace telltale::ports {

using Headers = std::vector<std::pair<std::string, std::string>>;  // names in lower case

struct HttpRequest {
  std::string method;
  std::string path;   // percent-decoding left to who splits it; no query
  std::string query;  // without '?'
  Headers headers;
  std::string body;

  // Value of the first header of that (lower-case) name, or "".
  const std::string& header(const std::string& name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  Headers headers;
};

// An RFC 9457 body; too_many_requests and unavailable carry Retry-After.
HttpResponse problem(const Error& error);
// For a status that is no Error of ours but HTTP's own, as 405; the title in words_like_these.
HttpResponse problem(int status, std::string_view title, std::string_view detail);

using Respond = UniqueFunction<void(HttpResponse)>;

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Calls `respond` exactly once, now or later, on the loop it was called on.
  virtual void handle(HttpRequest request, Respond respond) = 0;
};

}  // namespace telltale::ports
