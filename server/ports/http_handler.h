// HttpHandler: how a stage answers HTTP without knowing sockets. `web` owns the sockets and calls
// handlers on its loop; the table of routes in `main` says which. Bodies flow in both directions: a
// reader asks for the next piece once it has room for one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_function.h"
#include "ports/runtime.h"

namespace telltale::ports {

using Headers = std::vector<std::pair<std::string, std::string>>;  // names in lower case

// Bytes that come one piece after another. Belongs to who reads it, on the loop it was given on.
class Body {
 public:
  // Dropped before its end: the rest is not wanted.
  virtual ~Body() = default;
  // The next bytes: one at least and `most` at the most; "" is the end. One read at a time.
  virtual void read(std::size_t most, Completion<Result<std::string>> done) = 0;
};

struct HttpRequest {
  std::string method;
  std::string path;   // percent-decoding left to who splits it; no query
  std::string query;  // without '?'
  Headers headers;
  std::unique_ptr<Body> body;           // null: there is none
  std::optional<std::uint64_t> length;  // of the body, where the sender told it
  std::string caller = {};              // the name of its token; "" without one that is known

  // Value of the first header of that (lower-case) name, or "".
  const std::string& header(const std::string& name) const;
};

// The length of a body that nobody knows before its end.
inline constexpr std::uint64_t kUntilItsEnd = ~std::uint64_t{0};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  // In the place of `body`, where that would be too large to hold: exactly `length` bytes,
  // or as many as come (kUntilItsEnd).
  std::unique_ptr<Body> stream;
  std::uint64_t length = 0;
  Headers headers;
};

// An RFC 9457 body; too_many_requests and unavailable carry Retry-After.
HttpResponse problem(const Error& error);
// For a status that is no Error of ours but HTTP's own, as 405; the title in words_like_these.
HttpResponse problem(int status, std::string_view title, std::string_view detail);

// What a path that takes nothing but application/json answers to anything else: a form of another
// site can send text and forms, and not this.
std::optional<HttpResponse> unless_json(const HttpRequest& request);

// Dropped without a call it answers 503 by itself, so that no caller waits for nothing.
using Respond = UniqueFunction<void(HttpResponse)>;

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Calls `respond` once, now or later, on the loop it was called on.
  virtual void handle(HttpRequest request, Respond respond) = 0;
};

// One that can begin only once it has all of the body, which `web` gathers within its limits
// (web/whole_body.h).
class WholeBodyHandler {
 public:
  virtual ~WholeBodyHandler() = default;
  virtual void handle(HttpRequest request, std::string body, Respond respond) = 0;
};

}  // namespace telltale::ports
