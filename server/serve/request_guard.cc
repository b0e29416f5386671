#include "serve/request_guard.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace telltale::serve {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Takes as long for a wrong token as for the right one.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

std::string token_of(const ports::HttpRequest& request) {
  const std::string& authorization = request.header("authorization");
  if (authorization.rfind("Bearer ", 0) == 0) return authorization.substr(7);
  const std::string& cookies = request.header("cookie");
  constexpr std::string_view kName = "telltale_token=";
  const std::size_t at = cookies.find(kName);
  if (at == std::string::npos || (at > 0 && cookies[at - 1] != ' ' && cookies[at - 1] != ';'))
    return "";
  const std::size_t start = at + kName.size();
  return cookies.substr(start, cookies.find(';', start) - start);
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
  if (options.tokens.empty() || request.path == "/healthz" || request.path == "/readyz")
    return std::nullopt;
  const std::string token = token_of(request);
  for (const std::string& known : options.tokens) {
    if (same_secret(token, known)) return std::nullopt;
  }
  return Denial{401,
                "A token is needed: send it as `Authorization: Bearer TOKEN`, or open "
                "/?token=TOKEN once in the browser."};
}

}  // namespace telltale::serve
