// Authenticator: what the token in a request's header lets it do, and what nobody needs one for.
// Compares digests in a time that tells nothing. Whether a request is of another web site is not
// its question: that is request_guard's, which comes first. Owned by `main`, lives on serve's loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/secret.h"
#include "web/browser_sessions.h"
#include "web/request_guard.h"
#include "web/scope.h"
#include "web/signed_paths.h"

namespace telltale::web {

struct NamedToken {
  std::string name;  // in sentences
  Secret secret;
  Scopes scopes;
  std::vector<std::string> projects = {};  // that its scope git is for; empty: for all
};

class Authenticator {
 public:
  // `open`: what needs no token. A session may do everything: only the owner makes links. All
  // outlive this.
  Authenticator(Scopes open, std::vector<NamedToken> tokens, const BrowserSessions& sessions,
                const SignedPaths& signed_paths, const ports::Runtime& clock, Counters& counters);

  // Nothing: it may. 401 without a token that is known, 403 where the token is for other things,
  // 429 where too many wrong ones came; a right one is taken even then.
  std::optional<Denial> check(const ports::HttpRequest& request, Scope scope);
  // The name of its token; "" without one that is known.
  std::string caller(const ports::HttpRequest& request) const;

 private:
  struct Caller {
    std::string name;
    Scopes scopes;
    std::vector<std::string> projects;
    bool may(const ports::HttpRequest& request, Scope scope) const;
  };
  std::optional<Caller> caller_of(const std::string& token) const;

  const Scopes open_;
  const std::vector<NamedToken> tokens_;
  const BrowserSessions& sessions_;
  const SignedPaths& signed_paths_;
  const ports::Runtime& clock_;
  Counters& counters_;
  WrongTries wrong_;
};

// "Authorization: Bearer TOKEN"; of a WebSocket, where a page can set no header, one of the offered
// subprotocols, "token.TOKEN". "" without.
std::string token_of(const ports::HttpRequest& request);

// The password of "Authorization: Basic ...", as git's own client sends a token; whose is not
// looked at. "" without.
std::string password_of(const ports::HttpRequest& request);

}  // namespace telltale::web
