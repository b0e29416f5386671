// S3Options: which bucket, where and how, from a URL and the variables that other S3 clients read
// too. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/s3_limits.h"

namespace telltale::store {

// The value of a variable of the process, or nothing where it is not set or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

struct S3Options {
  std::string bucket;
  std::string prefix;    // of every key: empty, or ends with '/'
  std::string endpoint;  // scheme, host, port; no '/' at its end
  std::string region;
  bool path_style = false;  // endpoint/bucket/key; else bucket.endpoint/key
  std::string ca_file;
  std::string credentials_file;  // read before any other source of credentials, where it is told
  std::string sts_endpoint;      // where web identities become credentials
  std::int64_t retry_budget_ms = s3::kRetryBudgetMs;

  // Where the object `key` is, prefix included; an empty one is the bucket.
  std::string url_of(const std::string& key) const;
  // For sentences: bucket and endpoint.
  std::string name() const;
};

// s3://bucket[/prefix]?endpoint=…&region=…&style=path|virtual&ca=…&credentials=…&sts=…&retry=…
// invalid_argument with a sentence for what is none. Without `endpoint` it is AWS.
Result<S3Options> parse_s3_url(const std::string& url, const Environment& environment);

}  // namespace telltale::store
