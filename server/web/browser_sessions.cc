#include "web/browser_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "web/access_limits.h"

namespace telltale::web {
namespace {

std::optional<Digest> digest_of(std::string_view hex) {
  Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* first = hex.data() + 2 * i;
    if (std::from_chars(first, first + 2, digest[i], 16).ptr != first + 2) return std::nullopt;
  }
  return digest;
}

}  // namespace

BrowserSessions::BrowserSessions(ports::Runtime& clock, std::string_view kept, Keep keep)
    : clock_(clock), keep_(std::move(keep)) {
  read(kept);
  drop_expired();
}

std::string BrowserSessions::make_code() {
  std::string code = make_secret();
  if (codes_.size() >= kLinkCodes) codes_.pop_front();
  codes_.push_back({Secret(code), clock_.steady_us() + kLinkCodeUs});
  return code;
}

std::optional<BrowserSessions::Session> BrowserSessions::exchange(std::string_view code) {
  const Secret told(code);
  const std::int64_t now_us = clock_.steady_us();
  auto found = codes_.end();
  for (auto at = codes_.begin(); at != codes_.end(); ++at) {
    if (at->secret.is(told)) found = at;
  }
  const bool good = found != codes_.end() && now_us < found->ends_steady_us;
  if (found != codes_.end()) codes_.erase(found);
  if (!good) {
    wrong_.add(now_us);
    return std::nullopt;
  }
  Session session;
  session.token = make_secret();
  // By the wall clock: what is kept has to mean the same to the server's next process.
  session.expires_at_us = to_number(clock_.now()) + kSessionUs;
  drop_expired();
  if (sessions_.size() >= kSessions) sessions_.pop_front();
  sessions_.push_back({Secret(session.token), session.expires_at_us});
  keep_(text());
  return session;
}

bool BrowserSessions::has(const Secret& token) const {
  const std::int64_t now_us = to_number(clock_.now());
  bool found = false;
  for (const Known& session : sessions_)
    found |= session.secret.is(token) && now_us < session.expires_at_us;
  return found;
}

// A line that cannot be read is a session less: its page asks for another link.
void BrowserSessions::read(std::string_view kept) {
  while (!kept.empty() && sessions_.size() < kSessions) {
    const std::string_view line = kept.substr(0, kept.find('\n'));
    kept.remove_prefix(std::min(line.size() + 1, kept.size()));
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    const auto digest = digest_of(line.substr(0, space));
    std::int64_t expires_at_us = 0;
    const char* last = line.data() + line.size();
    const bool number = std::from_chars(line.data() + space + 1, last, expires_at_us).ptr == last;
    if (digest && number) sessions_.push_back({Secret(*digest), expires_at_us});
  }
}

void BrowserSessions::drop_expired() {
  const std::int64_t now_us = to_number(clock_.now());
  std::erase_if(sessions_, [&](const Known& known) { return known.expires_at_us <= now_us; });
}

std::string BrowserSessions::text() const {
  std::string text;
  for (const Known& known : sessions_)
    text += fmt::format("{} {}\n", hex_of(known.secret.digest()), known.expires_at_us);
  return text;
}

}  // namespace telltale::web
