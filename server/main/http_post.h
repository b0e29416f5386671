// One POST to a Telltale, as the commands of the program make them. Blocks; no loop. The token is
// TELLTALE_TOKEN's.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace telltale::main {

struct ServerUrl {
  std::string host;
  std::string port;

  std::string text() const { return "http://" + host + ":" + port; }
};

// http://127.0.0.1:8080; `flag` is named where it is no such thing.
Result<ServerUrl> parse_server_url(const std::string& url, const char* flag);

struct PostAnswer {
  int status = 0;
  std::string body;
  std::int64_t retry_after_s = 0;  // 0 = not told
};

// unavailable where nobody answers.
Result<PostAnswer> http_post(const ServerUrl& url, const std::string& path,
                             const std::string& content_type, const std::string& body);

// A text member of a JSON object; empty if there is none.
std::string json_field(const std::string& json, const char* name);

}  // namespace telltale::main
