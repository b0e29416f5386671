// HttpFetch: outgoing HTTP. A request is answered by a head and a body that is read in pieces, as
// they arrive and at the reader's pace; an answer may go on for hours. Any thread may call; answers
// arrive on the caller's loop (Completion).
//
// What every implementation promises (tests: net/curl_fetch_test.cc):
//  - Any status is an answer. No request is tried again, no redirect followed.
//  - A reader that does not read stops the sender: of a body no more than window_bytes and one
//    piece are kept here.
//  - A Fetch that is destroyed is cancelled: its connection ends, and the implementation answers
//    nothing of it any more. What it had answered before may still wait in the caller's loop.
//  - Deadlines are of the steady clock. Time in which the reader holds the sender up is not idle.
//  - unavailable: no answer came, or not all of it; trying again may help, and the request may have
//    been heard all the same. internal: trying again does not help, as where a certificate is not
//    believed. closed: close() was called. No secret is in an error's text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ports/http_handler.h"
#include "ports/runtime.h"

namespace telltale::ports {

// Until a connection stands: a round trip or two, and one name to be looked up.
inline constexpr std::int64_t kFetchConnectUs = 5'000'000;
// What moves no byte for so long is given up.
inline constexpr std::int64_t kFetchIdleUs = 20'000'000;
inline constexpr std::size_t kFetchWindowBytes = 1U << 20;

// Whom to believe and who we are; all in PEM. Without an authority of one's own the system's are
// believed, with one only that.
struct FetchTls {
  std::string ca_file = {};
  std::string ca_pem = {};  // counts before ca_file
  std::string certificate_pem = {};
  std::string key_pem = {};
  bool verify = true;  // false believes anybody: for a cluster whose owner says so
};

// AWS's signature of version 4.
struct FetchSigning {
  std::string scope;  // "aws:amz:<region>:<service>"
  std::string access_key;
  std::string secret_key;
};

struct FetchRequest {
  std::string method = "GET";
  std::string url;  // http or https; where it is signed its query is sorted, each name with a '='
  Headers headers;  // none is empty
  std::shared_ptr<const std::string> body;  // null: none
  FetchTls tls;
  std::optional<FetchSigning> signing;
  std::int64_t connect_us = kFetchConnectUs;
  std::int64_t idle_us = kFetchIdleUs;
  std::size_t window_bytes = kFetchWindowBytes;
};

struct FetchHead {
  int status = 0;
  Headers headers;

  // Value of the last header of that (lower-case) name, or "".
  std::string header(const std::string& name) const;
};

// One request under way and its answer. Owned by who asked; gone before its HttpFetch is.
class Fetch {
 public:
  virtual ~Fetch() = default;

  // Asked once.
  virtual void head(Completion<Result<FetchHead>> done) = 0;
  // The next bytes of the body: some as soon as there are any, never more than `most`; "" at its
  // end. Asked again once it was answered.
  virtual void read(std::size_t most, Completion<Result<std::string>> done) = 0;
};

class HttpFetch {
 public:
  virtual ~HttpFetch() = default;

  // The request is on its way from now on.
  virtual std::unique_ptr<Fetch> start(FetchRequest request) = 0;
  // What is under way and what is started later is answered `closed`.
  virtual void close() = 0;
};

}  // namespace telltale::ports
