// request_guard: whose web page asks. Even on loopback a web page the user visits could send
// requests here, and this port can start Python: so Host, Origin and Sec-Fetch-Site are checked on
// every request and WebSocket, whatever token it brings. Plain clients (curl, the SDK) send neither
// Origin nor Sec-Fetch-Site. Who asks is the authenticator's question. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/http_handler.h"

namespace telltale::web {

struct GuardOptions {
  std::vector<std::string> hosts;  // accepted Host values, with port, lower case
};

// Host values under which a server listening on this address is reached.
std::vector<std::string> hosts_of(const std::string& address, int port);

struct Denial {
  int status = 0;
  std::string detail;
};
// 403 for other sites and unknown hosts.
std::optional<Denial> check_request(const ports::HttpRequest& request, const GuardOptions& options);

}  // namespace telltale::web
