// BrowserSessions: how a browser comes to act for the owner. A link carries a code that is good
// once and for minutes; the page changes it for a token that is good for weeks, and survives a
// restart. Holds digests only: whoever reads what is kept can do nothing with it. Owned by `main`,
// lives on serve's loop.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "ports/runtime.h"
#include "web/wrong_tries.h"

namespace telltale::web {

class BrowserSessions {
 public:
  // Takes the text that is to be there after a restart: a line a session.
  using Keep = std::function<void(const std::string&)>;

  BrowserSessions(ports::Runtime& clock, std::string_view kept, Keep keep);

  // Of a new link. Only so many are open at a time; the oldest goes.
  std::string make_code();

  struct Session {
    std::string token;
    std::int64_t expires_at_us = 0;
  };
  // Nothing: there is no such code, or not any more. Which of these it is, nobody learns.
  std::optional<Session> exchange(std::string_view code);
  // Too many wrong codes came: the next one is not looked at.
  bool must_wait() const { return wrong_.too_many(clock_.steady_us()); }

  bool has(const Secret& token) const;

 private:
  struct Code {
    Secret secret;
    std::int64_t ends_steady_us;
  };
  struct Known {
    Secret secret;
    std::int64_t expires_at_us;
  };
  void read(std::string_view kept);
  void drop_expired();
  std::string text() const;

  ports::Runtime& clock_;
  Keep keep_;
  std::deque<Code> codes_;
  std::deque<Known> sessions_;
  WrongTries wrong_;
};

}  // namespace telltale::web
