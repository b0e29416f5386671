#include "main/access.h"

#include <fstream>
#include <sstream>

#include "base/secret.h"
#include "main/owner_token.h"

namespace telltale::main {
namespace {

std::string text_of(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return text.str();
}

}  // namespace

Result<Access> read_access(const ServeConfig& config, bool loopback, bool owner) {
  Access access;
  const Result<web::Scopes> open =
      parse_open(config.without_token, loopback, !config.token_file.empty());
  if (!open.ok()) return open.error();
  access.open = open.value();
  if (!config.token_file.empty()) {
    const auto given = read_tokens(config.token_file);
    if (!given.ok()) return given.error();
    for (const TokenLine& line : given.value())
      access.tokens.push_back(
          {line.name, Secret(line.token), line.grant.scopes, line.grant.projects});
  }
  if (!owner) return access;
  const Result<std::string> kept = owner_token(config.data);
  if (!kept.ok()) return kept.error();
  access.left_token = make_secret();
  // Made of the owner's, so that runs of an earlier process may go on reporting.
  access.runner_token = hmac_text(kept.value(), "runner");
  access.render_token = hmac_text(kept.value(), "render");
  access.tokens.push_back({"render", Secret(access.render_token), {web::Scope::render}});
  access.sessions = text_of(config.data + "/sessions");
  access.tokens.push_back({"owner", Secret(kept.value()), web::Scopes::all()});
  access.tokens.push_back({"owner", Secret(access.left_token), web::Scopes::all()});
  access.tokens.push_back(
      {"runner", Secret(access.runner_token), web::Scopes{web::Scope::read, web::Scope::ingest}});
  return access;
}

}  // namespace telltale::main
