// HttpClient: one HTTP request after the other on the calling thread, by libcurl, with connections
// kept between them. Signs for AWS (signature version 4) where it is told to. Blocks; owned by an
// adapter whose threads call it, any number of them at once. It never retries and never follows
// redirects.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace telltale::store {

struct HttpSigning {
  std::string scope;  // curl's: "aws:amz:<region>:<service>"
  std::string access_key;
  std::string secret_key;
};

struct HttpRequest {
  std::string method;
  std::string url;                   // the query sorted by name, each name with a '='
  std::vector<std::string> headers;  // "name: value", and the value is not empty
  std::string_view body;             // of PUT and POST; outlives the call
  std::size_t answer_bytes_max = 0;  // a longer body is an error
  long stall_seconds = 0;            // given up when nothing moves for so long
  const HttpSigning* signing = nullptr;
};

struct HttpAnswer {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class HttpClient {
 public:
  // `ca_file`: the only certificates that are believed, PEM; empty: the system's.
  explicit HttpClient(std::string ca_file);
  ~HttpClient();

  // Any status is an answer. unavailable: none came, or not all of it; the request may have been
  // heard all the same. internal: what trying again does not help, such as a certificate.
  Result<HttpAnswer> send(const HttpRequest& request);
  // What is under way may take kStopGraceMs more.
  void stop();

 private:
  struct Handles;
  const std::string ca_file_;
  std::unique_ptr<Handles> handles_;
  std::atomic<std::int64_t> stop_at_ms_{0};
};

// `text` as a URL's query wants it.
std::string percent_encode(std::string_view text);

}  // namespace telltale::store
