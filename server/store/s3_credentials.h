// S3Credentials: who we are to S3, from where other S3 clients have it too, in this order: the file
// of `credentials=`, the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and
// AWS_SESSION_TOKEN), a web identity (AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, as Kubernetes
// service accounts have it), the shared file (AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials) with
// its profile (AWS_PROFILE). Temporary ones are renewed before they end; files are read again when
// S3 refuses what they held. Owned by an adapter; its threads call. Secrets are in no error's text.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "store/s3_options.h"
#include "store/waiting_fetch.h"

namespace telltale::store {

struct S3Secret {
  std::string access_key;
  std::string secret_key;
  std::string session_token;    // empty: none
  std::int64_t expires_at = 0;  // seconds since the epoch; 0: never

  bool operator==(const S3Secret&) const = default;
};

class S3Credentials {
 public:
  // `http` outlives this.
  S3Credentials(const S3Options& options, Environment environment, WaitingFetch& http);

  // invalid_argument with a sentence where there are none; unavailable where STS is out of reach.
  Result<S3Secret> get();
  // S3 refused `used`: reads or asks again. True where there are other ones now.
  bool renew(const S3Secret& used);

 private:
  Result<S3Secret> load();
  Result<S3Secret> from_file(const std::string& path) const;
  Result<S3Secret> from_web_identity(const std::string& token_file);

  const S3Options options_;
  const Environment environment_;
  WaitingFetch& http_;
  std::mutex mutex_;
  std::optional<S3Secret> known_;
};

// The profile of a shared credentials file; not_found where it has none.
Result<S3Secret> parse_credentials_file(std::string_view text, const std::string& profile);

}  // namespace telltale::store
