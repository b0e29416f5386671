// ServerClient: what the program's own commands ask of a server: one question over HTTP, with the
// owner's token, and its answer. Blocks.
#pragma once

#include <string>

#include "base/result.h"

namespace telltale::main {

class ServerClient {
 public:
  // "http://127.0.0.1:8080". Finds the token for it (owner_token.h).
  static Result<ServerClient> of(const std::string& url);

  // The body of an answer of that status; else an Error with the server's own sentence.
  Result<std::string> post(const std::string& path, const std::string& body, int expected) const;
  // http://HOST:PORT
  std::string url() const { return "http://" + host_ + ":" + port_; }

 private:
  ServerClient(std::string host, std::string port)
      : host_(std::move(host)), port_(std::move(port)) {}

  std::string host_;
  std::string port_;
  std::string token_;
};

// A text of a JSON object; "" where it has none of that name.
std::string field_of(const std::string& json, const char* name);

}  // namespace telltale::main
