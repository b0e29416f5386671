// ServerClient: what the program's own commands ask of a server: one question over HTTP, with the
// owner's token, and its answer. Blocks.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace telltale::main {

class ServerClient {
 public:
  struct Answer {
    int status = 0;
    std::string body;
    std::int64_t retry_after_s = 0;  // 0: not told
  };

  // "http://127.0.0.1:8080"; `flag` is named where it is no such thing. Finds the token for it
  // (owner_token.h).
  static Result<ServerClient> of(const std::string& url, const char* flag = "--url");

  // unavailable where nobody answers.
  Result<Answer> send(const std::string& path, const char* content_type,
                      const std::string& body) const;
  // Of JSON. The body of an answer of that status; else an Error with the server's own sentence.
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
