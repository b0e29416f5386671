// request_guard: who may ask. Even on loopback a web page the user visits could send requests here,
// and this port can start Python: so Host, Origin and Sec-Fetch-Site are checked on every request
// and WebSocket. Plain clients (curl, the SDK) send neither Origin nor Sec-Fetch-Site and need
// nothing. Beyond loopback a token is needed as well. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/http_handler.h"

namespace telltale::serve {

struct GuardOptions {
  std::vector<std::string> hosts;   // accepted Host values, with port, lower case
  std::vector<std::string> tokens;  // empty: none is needed
};

// Host values under which a server listening on this address is reached.
std::vector<std::string> hosts_of(const std::string& address, int port);

// 403 for other sites and unknown hosts, 401 for a missing or wrong token.
struct Denial {
  int status = 0;
  std::string detail;
};
std::optional<Denial> check_request(const ports::HttpRequest& request, const GuardOptions& options);

// "/?token=TOKEN", a person's way in: kept as a cookie that no script and no other site gets, and
// sent on to the path without it. Nothing when no token is needed, or it is not known.
std::optional<ports::HttpResponse> sign_in(const ports::HttpRequest& request,
                                           const GuardOptions& options);

}  // namespace telltale::serve
