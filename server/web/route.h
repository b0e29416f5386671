// Route: one line of the table of all that this server answers. The table is built in `main`; from
// it follow 404 and 405, which bodies are taken, what the guard asks for, and the document that
// /api/v1/openapi.json serves. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ports/http_handler.h"
#include "ports/live_handler.h"
#include "web/scope.h"

namespace telltale::web {

// One answer of a route, as the document tells it. Problems (RFC 9457) have a status only.
struct Answer {
  int status = 200;
  std::string_view description = {};
  std::string_view content_type = {};  // empty: it has no body
  std::string_view schema = {};        // a name in the document's components, or JSON; empty: bytes
};

// What the document says of a route beyond what the table does.
struct Operation {
  std::string_view summary;
  std::string_view query = {};  // JSON of its parameters, comma separated
  std::string_view body = {};   // JSON of the request body's content
  std::vector<Answer> answers = {};
};

struct Route {
  std::string_view method;   // GET answers HEAD too
  std::string_view pattern;  // "/api/v1/runs/{key}"; "/*": all that is not below /api/
  std::optional<Scope> scope = std::nullopt;  // nothing: anybody may
  ports::HttpHandler* handler = nullptr;
  // Of a process that has no handler for it: which role has one, in a sentence for who asked.
  std::string_view elsewhere = {};
  std::size_t body_limit = 0;  // 0: it takes no body
  // Whoever answers inflates a body that came with Content-Encoding: gzip.
  bool takes_gzip = false;
  // 415 for any other type, also where the body is empty: a form of another site can't send this.
  bool json_only = false;
  // Who talks where a GET asks for an event stream or to become a WebSocket.
  ports::LiveHandler* event_stream = nullptr;
  ports::LiveHandler* websocket = nullptr;
  const bool* ready = nullptr;  // while false, it answers 503
  Operation operation = {};
};

class Routes {
 public:
  explicit Routes(std::vector<Route> routes) : routes_(std::move(routes)) {}

  struct Found {
    const Route* route = nullptr;
    std::string allow = {};  // the methods of that path; empty: nothing is there
  };
  Found find(std::string_view method, std::string_view path) const;

  const std::vector<Route>& all() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

// "/a/{b}/c" names "/a/x/c": as many parts, and none of them empty.
bool matches(std::string_view pattern, std::string_view path);

}  // namespace telltale::web
