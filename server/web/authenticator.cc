#include "web/authenticator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/base64.h"

namespace telltale::web {
namespace {

constexpr std::string_view kBearer = "bearer ";
constexpr std::string_view kBasic = "basic ";
constexpr std::string_view kProtocol = "token.";
constexpr const char* kHowToGetOne =
    "Send it as `Authorization: Bearer TOKEN`; in a browser, open the link that `telltale open` "
    "prints.";

bool starts_with_word(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  return std::equal(lower_case.begin(), lower_case.end(), text.begin(), [](char want, char found) {
    return want == static_cast<char>(std::tolower(static_cast<unsigned char>(found)));
  });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Of "/git/PROJECT.git/…" and "/api/v1/projects/PROJECT/…", as it is written there.
std::string_view project_named_by(std::string_view path) {
  constexpr std::string_view kRepository = ".git";
  for (const std::string_view before : {"/git/", "/api/v1/projects/"}) {
    if (!path.starts_with(before)) continue;
    path.remove_prefix(before.size());
    std::string_view name = path.substr(0, path.find('/'));
    if (before == "/git/" && name.ends_with(kRepository)) name.remove_suffix(kRepository.size());
    return name;
  }
  return "";
}

}  // namespace

std::string token_of(const ports::HttpRequest& request) {
  const std::string_view authorization = request.header("authorization");
  if (starts_with_word(authorization, kBearer))
    return std::string(trimmed(authorization.substr(kBearer.size())));
  std::string_view offered = request.header("sec-websocket-protocol");
  while (!offered.empty()) {
    const std::string_view piece = offered.substr(0, offered.find(','));
    offered.remove_prefix(std::min(piece.size() + 1, offered.size()));
    const std::string_view protocol = trimmed(piece);
    if (protocol.substr(0, kProtocol.size()) == kProtocol)
      return std::string(protocol.substr(kProtocol.size()));
  }
  return "";
}

std::string password_of(const ports::HttpRequest& request) {
  const std::string_view authorization = request.header("authorization");
  if (!starts_with_word(authorization, kBasic)) return "";
  const auto text = decode_base64(trimmed(authorization.substr(kBasic.size())));
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  return colon == std::string::npos ? "" : text->substr(colon + 1);
}

Authenticator::Authenticator(Scopes open, std::vector<NamedToken> tokens,
                             const BrowserSessions& sessions, const SignedPaths& signed_paths,
                             const ports::Runtime& clock, Counters& counters)
    : open_(open),
      tokens_(std::move(tokens)),
      sessions_(sessions),
      signed_paths_(signed_paths),
      clock_(clock),
      counters_(counters) {}

std::optional<Denial> Authenticator::check(const ports::HttpRequest& request, Scope scope) {
  if (open_.has(scope)) return std::nullopt;
  if (scope == Scope::read && signed_paths_.covers(request)) return std::nullopt;
  std::string token = token_of(request);
  if (token.empty() && scope == Scope::git) token = password_of(request);
  const auto caller = token.empty() ? std::nullopt : caller_of(token);
  if (caller && caller->may(request, scope)) return std::nullopt;
  counters_.add(Counter::http_unauthorized);
  if (caller && caller->scopes.has(scope))
    return Denial{403, fmt::format("The token '{}' is for other projects.", caller->name)};
  if (caller) {
    return Denial{403, fmt::format("This takes a token with the scope {}; '{}' has {}.",
                                   name_of(scope), caller->name, caller->scopes.text())};
  }
  if (token.empty())
    return Denial{
        401, fmt::format("This takes a token with the scope {}. {}", name_of(scope), kHowToGetOne)};
  const std::int64_t now_us = clock_.steady_us();
  if (wrong_.too_many(now_us))
    return Denial{429, "Too many wrong tokens came in the last minute. Try again in a minute."};
  wrong_.add(now_us);
  return Denial{401,
                fmt::format("This token is not known here, or is not any more. {}", kHowToGetOne)};
}

bool Authenticator::Caller::may(const ports::HttpRequest& request, Scope scope) const {
  if (!scopes.has(scope)) return false;
  if (scope != Scope::git || projects.empty()) return true;
  return std::find(projects.begin(), projects.end(), project_named_by(request.path)) !=
         projects.end();
}

std::string Authenticator::caller(const ports::HttpRequest& request) const {
  std::string token = token_of(request);
  if (token.empty()) token = password_of(request);
  const auto known = token.empty() ? std::nullopt : caller_of(token);
  return known ? known->name : "";
}

// Every token is looked at, whichever of them it is.
std::optional<Authenticator::Caller> Authenticator::caller_of(const std::string& token) const {
  const Secret told(token);
  std::optional<Caller> caller;
  for (const NamedToken& known : tokens_) {
    if (known.secret.is(told)) caller = Caller{known.name, known.scopes, known.projects};
  }
  if (sessions_.has(told)) caller = Caller{"the owner's browser", Scopes::all(), {}};
  return caller;
}

}  // namespace telltale::web
