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

constexpr std::string_view kCookie = "telltale_token=";

// Cookies of other servers of this host come along too: each is looked at by itself.
std::string token_of(const ports::HttpRequest& request) {
  const std::string& authorization = request.header("authorization");
  if (authorization.rfind("Bearer ", 0) == 0) return authorization.substr(7);
  std::string_view rest = request.header("cookie");
  while (!rest.empty()) {
    std::string_view cookie = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(cookie.size() + 1, rest.size()));
    while (!cookie.empty() && cookie.front() == ' ') cookie.remove_prefix(1);
    if (cookie.substr(0, kCookie.size()) == kCookie)
      return std::string(cookie.substr(kCookie.size()));
  }
  return "";
}

bool is_known(const std::string& token, const GuardOptions& options) {
  bool known = false;
  for (const std::string& other : options.tokens) known |= same_secret(token, other);
  return known;
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
  if (is_known(token_of(request), options)) return std::nullopt;
  return Denial{401,
                "A token is needed: send it as `Authorization: Bearer TOKEN`, or open "
                "/?token=TOKEN once in the browser."};
}

std::optional<ports::HttpResponse> sign_in(const ports::HttpRequest& request,
                                           const GuardOptions& options) {
  constexpr std::string_view kField = "token=";
  const std::string host = lower(request.header("host"));
  const bool page = request.method == "GET" && request.path.rfind("/api/", 0) != 0;
  if (!page || options.tokens.empty() || !contains(options.hosts, host)) return std::nullopt;
  if (request.query.substr(0, kField.size()) != kField) return std::nullopt;
  const std::string token = request.query.substr(kField.size());
  if (!is_known(token, options)) return std::nullopt;
  ports::HttpResponse response;
  response.status = 303;
  response.content_type.clear();
  // Of one slash, or "//elsewhere" would be another host.
  const std::size_t path = request.path.find_first_not_of('/');
  response.headers.emplace_back("location",
                                "/" + (path == std::string::npos ? "" : request.path.substr(path)));
  response.headers.emplace_back(
      "set-cookie", std::string(kCookie) + token + "; Path=/; HttpOnly; SameSite=Strict");
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

}  // namespace telltale::serve
