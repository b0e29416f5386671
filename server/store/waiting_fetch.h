// WaitingFetch: HTTP requests whose answers are waited for on the calling thread, whole. Owned by
// an adapter whose threads call it, any number of them at once; it never tries again.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "ports/http_fetch.h"

namespace telltale::store {

struct HttpAnswer {
  int status = 0;
  ports::FetchHead head;
  std::string body;

  std::string header(const std::string& name) const { return head.header(name); }
};

class WaitingFetch {
 public:
  // `fetch` outlives this.
  explicit WaitingFetch(ports::HttpFetch& fetch) : fetch_(fetch) {}

  // Any status is an answer. Errors are those of ports/http_fetch.h; internal: the answer's body is
  // longer than `bytes_max`.
  Result<HttpAnswer> send(ports::FetchRequest request, std::size_t bytes_max);
  // What is under way may take `grace_us` more, and is unavailable then.
  void stop(std::int64_t grace_us);

 private:
  class Call;
  ports::HttpFetch& fetch_;
  std::mutex mutex_;
  std::set<Call*> calls_;
  std::int64_t stop_at_us_ = 0;  // steady; 0: not stopped
};

}  // namespace telltale::store
