// SignedPaths: addresses that open one path for some minutes, for what a browser fetches without
// the page and so without a token: a download, a frame. Good as long as this process runs. Lives on
// serve's loop.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "ports/http_handler.h"
#include "ports/runtime.h"

namespace telltale::web {

class SignedPaths {
 public:
  explicit SignedPaths(const ports::Runtime& clock) : clock_(clock) {}

  // `path`, with its query if it has one, and what makes it good.
  std::string sign(std::string_view path) const;
  // Whether the request is a GET of what was signed, in time.
  bool covers(const ports::HttpRequest& request) const;

 private:
  std::string signature_of(std::string_view signed_part) const;

  const ports::Runtime& clock_;
  const std::string key_ = make_secret();
};

}  // namespace telltale::web
