#include "store/s3_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "ports/store.h"

namespace telltale::store {
namespace {

constexpr std::string_view kScheme = "s3://";

Error bad(const std::string& why) {
  return {ErrorCode::invalid_argument, fmt::format("The store's URL: {}", why)};
}

bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && name.front() != '-' && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                       hex_value(text[i + 2]) >= 0;
    decoded +=
        coded ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
    if (coded) i += 2;
  }
  return decoded;
}

// Scheme and host without a path, user or query; the '/' at its end goes.
Result<std::string> parse_endpoint(std::string value) {
  if (!value.empty() && value.back() == '/') value.pop_back();
  const std::size_t host = value.find("://");
  const bool http = value.rfind("http://", 0) == 0 || value.rfind("https://", 0) == 0;
  if (!http || value.size() == host + 3 ||
      value.find_first_of("/@?# ", host + 3) != std::string::npos)
    return bad(fmt::format("\"{}\" is no endpoint such as http://127.0.0.1:9000.", value));
  return value;
}

Status set(S3Options& options, const std::string& name, const std::string& value) {
  if (name == "endpoint" || name == "sts") {
    Result<std::string> endpoint = parse_endpoint(value);
    if (!endpoint.ok()) return endpoint.error();
    (name == "sts" ? options.sts_endpoint : options.endpoint) = endpoint.take();
    if (name == "endpoint") options.path_style = true;
  } else if (name == "region") {
    options.region = value;
  } else if (name == "style") {
    if (value != "path" && value != "virtual") return bad("style= is path or virtual.");
  } else if (name == "ca") {
    options.ca_file = value;
  } else if (name == "credentials") {
    options.credentials_file = value;
  } else if (name == "retry") {
    std::int64_t seconds = -1;
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, seconds);
    if (error != std::errc() || stop != end || seconds < 0 ||
        seconds * 1'000 > s3::kRetryBudgetMsMax)
      return bad("retry= is a number of seconds, at most 600.");
    options.retry_budget_ms = seconds * 1'000;
  } else {
    return bad(fmt::format(
        "\"{}\" is no setting; there are endpoint, region, style, ca, credentials, sts and retry.",
        name));
  }
  return Done{};
}

Status parse_query(S3Options& options, std::string_view query) {
  std::optional<bool> path_style;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = percent_decode(pair.substr(0, equals));
    const std::string value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
    if (Status status = set(options, name, value); !status.ok()) return status;
    if (name == "style") path_style = value == "path";
  }
  options.path_style = path_style.value_or(options.path_style);
  return Done{};
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

std::string S3Options::url_of(const std::string& key) const {
  const std::string path = key.empty() ? "/" : "/" + prefix + key;
  if (path_style) return endpoint + "/" + bucket + (key.empty() ? "" : path);
  const std::size_t host = endpoint.find("://") + 3;
  return endpoint.substr(0, host) + bucket + "." + endpoint.substr(host) + path;
}

std::string S3Options::name() const { return fmt::format("bucket \"{}\" at {}", bucket, endpoint); }

Result<S3Options> parse_s3_url(const std::string& url, const Environment& environment) {
  if (url.rfind(kScheme, 0) != 0) return bad("it starts with s3://.");
  std::string_view rest = std::string_view(url).substr(kScheme.size());
  const std::size_t question = std::min(rest.find('?'), rest.size());
  const std::string_view place = rest.substr(0, question);
  if (place.find('@') != std::string_view::npos)
    return bad("credentials do not belong in it; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.");
  S3Options options;
  if (Status status = parse_query(options, rest.substr(std::min(question + 1, rest.size())));
      !status.ok())
    return status.error();
  options.bucket = place.substr(0, place.find('/'));
  if (!is_bucket(options.bucket))
    return bad(fmt::format("\"{}\" is no bucket's name: 3 to 63 of a-z, 0-9, '.' and '-'.",
                           options.bucket));
  if (place.size() > options.bucket.size() + 1) {
    options.prefix = place.substr(options.bucket.size() + 1);
    if (options.prefix.back() == '/') options.prefix.pop_back();
    // The longest key below it must stay within S3's 1,024 bytes.
    if (!ports::check_store_key(options.prefix).ok() || options.prefix.size() > 500)
      return bad(fmt::format("\"{}\" is no prefix of keys.", options.prefix));
    options.prefix += '/';
  }
  if (options.region.empty())
    options.region =
        environment("AWS_REGION").value_or(environment("AWS_DEFAULT_REGION").value_or("us-east-1"));
  if (options.endpoint.empty())
    options.endpoint = fmt::format("https://s3.{}.amazonaws.com", options.region);
  if (options.sts_endpoint.empty()) {
    options.sts_endpoint =
        environment("AWS_ENDPOINT_URL_STS")
            .value_or(fmt::format("https://sts.{}.amazonaws.com", options.region));
  }
  return options;
}

}  // namespace telltale::store
