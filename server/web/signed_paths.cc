#include "web/signed_paths.h"

#include <fmt/format.h>

#include <charconv>

#include "web/access_limits.h"

namespace telltale::web {
namespace {

constexpr std::string_view kUntil = "until=";
constexpr std::string_view kSignature = "&signature=";

}  // namespace

std::string SignedPaths::sign(std::string_view path) const {
  const char join = path.find('?') == std::string_view::npos ? '?' : '&';
  const std::string part =
      fmt::format("{}{}{}{}", path, join, kUntil, clock_.steady_us() + kLinkCodeUs);
  return part + std::string(kSignature) + signature_of(part);
}

bool SignedPaths::covers(const ports::HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") return false;
  const std::string_view query = request.query;
  const std::size_t mark = query.rfind(kSignature);
  if (mark == std::string_view::npos) return false;
  const std::string_view before = query.substr(0, mark);
  const std::size_t until = before.rfind(kUntil);
  if (until == std::string_view::npos || (until > 0 && before[until - 1] != '&')) return false;
  std::int64_t ends_us = 0;
  const char* last = before.data() + before.size();
  if (std::from_chars(before.data() + until + kUntil.size(), last, ends_us).ptr != last)
    return false;
  const Secret expected(signature_of(fmt::format("{}?{}", request.path, before)));
  return expected.is(Secret(query.substr(mark + kSignature.size()))) &&
         clock_.steady_us() < ends_us;
}

std::string SignedPaths::signature_of(std::string_view signed_part) const {
  return hmac_text(key_, signed_part);
}

}  // namespace telltale::web
