// SignIn: POST /api/v1/link makes the code of a link, for who has the scope admin; POST
// /api/v1/session changes a code for a token of its own, for whoever brings one; POST
// /api/v1/signed gives an address that opens one path without a token, for who may read. Owned by
// `main`, lives on serve's loop.
#pragma once

#include "ports/http_handler.h"
#include "web/browser_sessions.h"
#include "web/signed_paths.h"

namespace telltale::web {

class SignIn final : public ports::WholeBodyHandler {
 public:
  SignIn(BrowserSessions& sessions, const SignedPaths& signed_paths)
      : sessions_(sessions), signed_paths_(signed_paths) {}

  void handle(ports::HttpRequest request, std::string body, ports::Respond respond) override;

 private:
  ports::HttpResponse link();
  ports::HttpResponse session(const std::string& body);
  ports::HttpResponse sign(const std::string& body) const;

  BrowserSessions& sessions_;
  const SignedPaths& signed_paths_;
};

}  // namespace telltale::web
