#include "main/open_command.h"

#include <fmt/format.h>

#include "main/server_client.h"

namespace telltale::main {

std::string link_with(const std::string& url, const std::string& code) {
  return url + "/#code=" + code;
}

Status open_command(const OpenConfig& config) {
  const Result<ServerClient> server = ServerClient::of(config.url);
  if (!server.ok()) return server.error();
  const Result<std::string> answer = server->post("/api/v1/link", "{}", 200);
  if (!answer.ok()) return answer.error();
  fmt::print("{}\n", link_with(server->url(), field_of(answer.value(), "code")));
  fmt::print(stderr, "Good once, within 5 minutes.\n");
  return Done{};
}

}  // namespace telltale::main
