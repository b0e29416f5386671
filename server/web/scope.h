// Scope: what a request may do, as a route asks for it; Scopes: what a token grants. A route
// without a scope is for anybody; who has which is for the authenticator to say. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace telltale::web {

enum class Scope : std::uint8_t {
  read,    // whatever is shown
  ingest,  // events in
  launch,  // starts and stops runs: code, as the user the server runs as
  render,  // takes jobs of visualizations
  git,     // pushes pipelines
  admin,   // makes links for browsers, removes runs
};
inline constexpr int kScopes = 6;

const char* name_of(Scope scope);

class Scopes {
 public:
  constexpr Scopes() = default;
  constexpr Scopes(std::initializer_list<Scope> scopes) {
    for (const Scope scope : scopes) add(scope);
  }
  static constexpr Scopes all() {
    Scopes scopes;
    scopes.bits_ = (1U << kScopes) - 1;
    return scopes;
  }

  constexpr void add(Scope scope) { bits_ |= 1U << static_cast<unsigned>(scope); }
  constexpr bool has(Scope scope) const {
    return (bits_ & (1U << static_cast<unsigned>(scope))) != 0;
  }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr Scopes operator|(Scopes other) const {
    other.bits_ |= bits_;
    return other;
  }
  constexpr bool operator==(const Scopes&) const = default;

  // "read,ingest", in the order above; "" for none.
  std::string text() const;

 private:
  std::uint32_t bits_ = 0;
};

// "read,ingest" in any order, or "all".
Result<Scopes> parse_scopes(std::string_view text);

// What a token is for.
struct Grant {
  Scopes scopes;
  std::vector<std::string> projects = {};  // that its scope git is for; empty: for all
};

// As parse_scopes, and "git(PROJECT)", any number of them, for a scope git of these projects alone.
Result<Grant> parse_grant(std::string_view text);

}  // namespace telltale::web
