// S3Client: S3 requests, signed, with retries. Tries again what the network or an overloaded store
// was the reason of, waiting twice as long each time, half of it by chance, within a budget of
// tries and time; asks for new credentials once where S3 refuses those it has. Blocks; owned by an
// adapter whose threads call it, any number at once. No secret is in an error's text.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/s3_answers.h"
#include "store/s3_credentials.h"
#include "store/s3_options.h"
#include "store/waiting_fetch.h"

namespace telltale::store {

struct S3Request {
  std::string method;
  std::string key = {};  // without the prefix; empty: the bucket itself
  std::vector<std::pair<std::string, std::string>> query = {};
  ports::Headers headers = {};
  std::shared_ptr<const std::string> body = {};  // of PUT and POST; null: an empty one
  std::size_t answer_bytes_max = s3::kAnswerBytes;
  std::int64_t idle_us = s3::kIdleUs;
  bool may_fail_after_200 = false;  // then the body is an <Error>
};

struct S3Answer {
  HttpAnswer http;
  S3ErrorBody error;  // where the status is one

  bool ok() const { return http.status >= 200 && http.status < 300; }
};

class S3Client {
 public:
  // `fetch` outlives this.
  S3Client(S3Options options, Environment environment, ports::HttpFetch& fetch);

  // Whatever S3 answered, once it is no reason to try again; unavailable when the budget is spent.
  Result<S3Answer> send(const S3Request& request);
  // From now on nothing is tried again.
  void stop();

  const S3Options& options() const { return options_; }
  // The error of an answer that is none of those a caller expects: S3's own sentence, and what to
  // do where one knows.
  Error error_of(const S3Request& request, const S3Answer& answer) const;

 private:
  Result<HttpAnswer> try_once(const S3Request& request, const S3Secret& secret);
  // False when stopped.
  bool wait(std::int64_t for_ms);

  const S3Options options_;
  WaitingFetch http_;
  S3Credentials credentials_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;
};

}  // namespace telltale::store
