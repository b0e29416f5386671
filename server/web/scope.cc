#include "web/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace telltale::web {
namespace {

constexpr std::array<const char*, kScopes> kNames = {"read",   "ingest", "launch",
                                                     "render", "git",    "admin"};

}  // namespace

const char* name_of(Scope scope) { return kNames[static_cast<std::size_t>(scope)]; }

std::string Scopes::text() const {
  std::string text;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!has(static_cast<Scope>(i))) continue;
    if (!text.empty()) text += ',';
    text += kNames[i];
  }
  return text;
}

Result<Scopes> parse_scopes(std::string_view text) {
  if (text == "all") return Scopes::all();
  Scopes scopes;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view name = text.substr(from, comma - from);
    from = comma + 1;
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("There is no scope '{}'. Scopes are {}, joined by commas, or all.",
                               name, Scopes::all().text())};
    }
    scopes.add(static_cast<Scope>(found - kNames.begin()));
  }
  return scopes;
}

Result<Grant> parse_grant(std::string_view text) {
  constexpr std::string_view kOpens = "git(";
  Grant grant;
  std::string rest;
  bool every_project = text == "all";
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    std::string_view name = text.substr(from, comma - from);
    from = comma + 1;
    if (name.starts_with(kOpens) && name.ends_with(')') && name.size() > kOpens.size() + 1) {
      grant.projects.emplace_back(name.substr(kOpens.size(), name.size() - kOpens.size() - 1));
      name = "git";
    } else {
      every_project = every_project || name == "git";
    }
    if (!rest.empty()) rest += ',';
    rest += name;
  }
  const Result<Scopes> scopes = parse_scopes(rest);
  if (!scopes.ok()) return scopes.error();
  grant.scopes = scopes.value();
  if (every_project) grant.projects.clear();
  return grant;
}

}  // namespace telltale::web
