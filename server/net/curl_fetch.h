// CurlFetch: HttpFetch by libcurl: one thread moves the bytes of all requests and keeps connections
// between them. Owned by `main`, which builds it before whoever asks by it. It signs, checks
// certificates and shows ours; it never tries a request again.
#pragma once

#include <memory>
#include <thread>

#include "ports/http_fetch.h"

namespace telltale::net {

class CurlFetch final : public ports::HttpFetch {
 public:
  CurlFetch();
  ~CurlFetch() override;

  std::unique_ptr<ports::Fetch> start(ports::FetchRequest request) override;
  void close() override;

 private:
  class Mail;
  class Mover;
  const std::shared_ptr<Mail> mail_;
  std::thread thread_;

  class CurlAnswer;
};

}  // namespace telltale::net
