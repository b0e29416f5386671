#include "store/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>

#include "base/query.h"
#include "base/sha256.h"

namespace telltale::store {
namespace {

std::int64_t steady_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

// How long to wait before each next try, until the budget is spent.
class Backoff {
 public:
  explicit Backoff(std::int64_t budget_ms) : budget_ms_(budget_ms), began_ms_(steady_ms()) {}

  int tries() const { return tries_; }
  std::int64_t spent_ms() const { return steady_ms() - began_ms_; }
  // Milliseconds; nothing when it is time to give up.
  std::optional<std::int64_t> next() {
    ++tries_;
    const std::int64_t longest =
        std::min(s3::kFirstWaitMs << std::min(tries_ - 1, 16), s3::kLongestWaitMs);
    const std::int64_t wait_ms =
        longest / 2 +
        static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(longest / 2 + 1));
    if (tries_ >= s3::kTries || spent_ms() + wait_ms > budget_ms_) return std::nullopt;
    return wait_ms;
  }

 private:
  const std::int64_t budget_ms_;
  const std::int64_t began_ms_;
  int tries_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

bool is_worth_another_try(const S3Answer& answer) {
  const int status = answer.http.status;
  const std::string& code = answer.error.code;
  const bool overloaded = status == 429 || status == 500 || (status >= 502 && status <= 504);
  // 409: two conditional writes met, "retry the upload"; 400: the body came too slowly.
  return overloaded || code == "ConditionalRequestConflict" || code == "OperationAborted" ||
         code == "RequestTimeout" || code == "InternalError" || code == "SlowDown";
}

bool refuses_credentials(const S3Answer& answer) {
  const std::string& code = answer.error.code;
  return code == "ExpiredToken" || code == "InvalidToken" || code == "InvalidAccessKeyId" ||
         code == "InvalidTokenId" || code == "SignatureDoesNotMatch";
}

std::string hex(const std::array<std::uint8_t, 32>& hash) {
  std::string text;
  for (const std::uint8_t byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

std::string url_of(const S3Options& options, const S3Request& request) {
  auto query = request.query;
  std::sort(query.begin(), query.end());  // as the signature wants them
  std::string url = options.url_of(request.key);
  char separator = '?';
  for (const auto& [name, value] : query) {
    url += fmt::format("{}{}={}", separator, percent_encode(name), percent_encode(value));
    separator = '&';
  }
  return url;
}

// What to do about it, for errors that an operator can mend.
std::string advice(const S3Options& options, const S3Answer& answer) {
  const std::string& code = answer.error.code;
  if (code == "NoSuchBucket") return " Make the bucket, or name another one.";
  if (code == "RequestTimeTooSkewed") {
    const std::time_t now = std::time(nullptr);
    return fmt::format(" Set the clock: here it is {}, there {}.",
                       std::string(std::asctime(std::gmtime(&now)), 24),
                       answer.http.header("date"));
  }
  if (answer.http.status == 301 || code == "AuthorizationHeaderMalformed") {
    const std::string region = answer.http.header("x-amz-bucket-region");
    return region.empty() ? fmt::format(" Is {} its region?", options.region)
                          : fmt::format(" Its region is {}.", region);
  }
  return "";
}

ErrorCode code_of(const S3Answer& answer) {
  const std::string& code = answer.error.code;
  if (answer.http.status == 507 || code == "QuotaExceeded" || code == "XMinioStorageFull" ||
      code == "XMinioAdminBucketQuotaExceeded")
    return ErrorCode::storage_full;
  if (code == "EntityTooLarge") return ErrorCode::too_large;
  if (code == "XMinioParentIsObject" || code == "XMinioObjectExistsAsDirectory")
    return ErrorCode::invalid_argument;
  return is_worth_another_try(answer) ? ErrorCode::unavailable : ErrorCode::internal;
}

}  // namespace

S3Client::S3Client(S3Options options, Environment environment, ports::HttpFetch& fetch)
    : options_(std::move(options)),
      http_(fetch),
      credentials_(options_, std::move(environment), http_) {}

Result<S3Answer> S3Client::send(const S3Request& request) {
  Backoff backoff(options_.retry_budget_ms);
  bool renewed = false;
  while (true) {
    std::string why;
    const Result<S3Secret> secret = credentials_.get();
    if (!secret.ok()) {
      if (secret.error().code != ErrorCode::unavailable) return secret.error();
      why = secret.error().message;
    } else if (Result<HttpAnswer> http = try_once(request, *secret); !http.ok()) {
      if (http.error().code != ErrorCode::unavailable)
        return Error{http.error().code,
                     fmt::format("{}: {}.", options_.name(), http.error().message)};
      why = http.error().message + ".";
    } else {
      S3Answer answer{http.take(), {}};
      if (!answer.ok() || request.may_fail_after_200) answer.error = parse_error(answer.http.body);
      if (answer.ok() && !answer.error.code.empty()) answer.http.status = 500;
      if (refuses_credentials(answer) && !renewed && credentials_.renew(*secret)) {
        renewed = true;
        continue;
      }
      if (!is_worth_another_try(answer)) return answer;
      why = error_of(request, answer).message;
    }
    const auto wait_ms = backoff.next();
    if (!wait_ms || !wait(*wait_ms)) {
      return Error{
          ErrorCode::unavailable,
          fmt::format("{} does not answer: {} Tried {} times in {:.1f} s.", options_.name(), why,
                      backoff.tries(), static_cast<double>(backoff.spent_ms()) / 1e3)};
    }
  }
}

Result<HttpAnswer> S3Client::try_once(const S3Request& request, const S3Secret& secret) {
  ports::FetchRequest http;
  http.method = request.method;
  http.url = url_of(options_, request);
  http.headers = request.headers;
  // libcurl signs the hash and does not tell it, which S3 asks for; so the body is checked, too.
  http.headers.emplace_back(
      "x-amz-content-sha256",
      hex(sha256(request.body == nullptr ? std::string_view() : *request.body)));
  if (!secret.session_token.empty())
    http.headers.emplace_back("x-amz-security-token", secret.session_token);
  http.body = request.body;
  http.tls.ca_file = options_.ca_file;
  http.signing = {fmt::format("aws:amz:{}:s3", options_.region), secret.access_key,
                  secret.secret_key};
  http.connect_us = s3::kConnectUs;
  http.idle_us = request.idle_us;
  return http_.send(std::move(http), request.answer_bytes_max);
}

bool S3Client::wait(std::int64_t for_ms) {
  std::unique_lock lock(mutex_);
  return !stopping_.wait_for(lock, std::chrono::milliseconds(for_ms), [this] { return stopped_; });
}

void S3Client::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    stopping_.notify_all();
  }
  http_.stop(s3::kStopGraceUs);
}

Error S3Client::error_of(const S3Request& request, const S3Answer& answer) const {
  std::string said = fmt::format("{}", answer.http.status);
  if (!answer.error.code.empty()) said += " " + answer.error.code;
  if (!answer.error.message.empty()) said += fmt::format(" \"{}\"", answer.error.message);
  return {code_of(answer), fmt::format("{} {} in {}: S3 answers {}.{}", request.method, request.key,
                                       options_.name(), said, advice(options_, answer))};
}

}  // namespace telltale::store
