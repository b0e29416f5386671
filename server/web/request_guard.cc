#include "web/request_guard.h"

#include <algorithm>
#include <optional>

#include "web/http_fields.h"

namespace telltale::web {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// A link followed from another site may open a page; it may not call the API.
bool is_page_navigation(const ports::HttpRequest& request) {
  return request.method == "GET" && request.header("sec-fetch-mode") == "navigate" &&
         request.header("sec-fetch-dest") == "document" && request.path.rfind("/api/", 0) != 0;
}

}  // namespace

std::vector<std::string> hosts_of(const std::string& address, int port) {
  std::vector<std::string> names = {lower(address)};
  if (address == "127.0.0.1" || address == "[::1]" || address == "localhost")
    names = {"127.0.0.1", "localhost", "[::1]"};
  std::vector<std::string> hosts;
  for (const std::string& name : names) {
    hosts.push_back(name + ":" + std::to_string(port));
    if (port == 80) hosts.push_back(name);
  }
  return hosts;
}

std::optional<Denial> check_request(const ports::HttpRequest& request,
                                    const GuardOptions& options) {
  const std::string host = lower(request.header("host"));
  if (!contains(options.hosts, host)) {
    return Denial{403,
                  "This server does not answer for the Host it was asked as. Open it by the "
                  "address it printed, or name the host with --host."};
  }
  const std::string& origin = request.header("origin");
  if (!origin.empty() && lower(origin) != "http://" + host && lower(origin) != "https://" + host)
    return Denial{403, "Requests of other web sites are refused."};
  const std::string& site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none" && !is_page_navigation(request))
    return Denial{403, "Requests of other web sites are refused."};
  return std::nullopt;
}

}  // namespace telltale::web
