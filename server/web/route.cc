#include "web/route.h"

#include <algorithm>

namespace telltale::web {
namespace {

constexpr std::string_view kAnyPage = "/*";
constexpr std::string_view kApi = "/api/";

// Takes the first part of "/a/b" and leaves "/b".
std::string_view take_part(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size());
  return part;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view path) {
  if (pattern == kAnyPage) return path.starts_with('/') && !path.starts_with(kApi);
  while (!pattern.empty() && path.starts_with('/')) {
    const std::string_view wanted = take_part(pattern);
    const std::string_view part = take_part(path);
    if (wanted.starts_with('{') ? part.empty() : wanted != part) return false;
  }
  return pattern.empty() && path.empty();
}

Routes::Found Routes::find(std::string_view method, std::string_view path) const {
  Found found;
  bool page = true;
  const bool named = std::any_of(routes_.begin(), routes_.end(),
                                 [&](const Route& route) { return route.pattern == path; });
  for (const Route& route : routes_) {
    // A part of a path that one line names is no {id} of another.
    if (named && route.pattern != path) continue;
    // What has a line of its own is no page.
    if ((route.pattern == kAnyPage && !page) || !matches(route.pattern, path)) continue;
    page = false;
    const bool reads = route.method == "GET";
    if (route.method == method || (reads && method == "HEAD")) found.route = &route;
    found.allow += std::string(found.allow.empty() ? "" : ", ").append(route.method);
    if (reads) found.allow += ", HEAD";
  }
  if (!found.allow.empty()) found.allow += ", OPTIONS";
  return found;
}

}  // namespace telltale::web
