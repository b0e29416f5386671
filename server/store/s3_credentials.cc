#include "store/s3_credentials.h"

#include <fmt/format.h>

#include <ctime>
#include <fstream>
#include <map>
#include <sstream>

#include "base/query.h"
#include "store/s3_answers.h"

namespace telltale::store {
namespace {

Result<std::string> read_small_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(s3::kCredentialFileBytes, '\0');
  if (!file.is_open() ||
      (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof()))
    return Error{ErrorCode::invalid_argument, fmt::format("{} cannot be read.", path)};
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// "2026-01-31T12:00:00Z", with or without a fraction; 0 where it is no time.
std::int64_t parse_time(const std::string& text) {
  std::tm time{};
  if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time) == nullptr) return 0;
  return ::timegm(&time);
}

Error none_found() {
  return {ErrorCode::invalid_argument,
          "There are no credentials for the store: set AWS_ACCESS_KEY_ID and "
          "AWS_SECRET_ACCESS_KEY, or name a file of them in AWS_SHARED_CREDENTIALS_FILE, or a web "
          "identity in AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN."};
}

}  // namespace

Result<S3Secret> parse_credentials_file(std::string_view text, const std::string& profile) {
  std::map<std::string, std::string> values;
  std::istringstream lines{std::string(text)};
  bool here = false;
  for (std::string line; std::getline(lines, line);) {
    line = trimmed(line);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      here = trimmed(std::string_view(line).substr(1, line.size() - 2)) == profile;
    } else if (const std::size_t equals = line.find('='); here && equals != std::string::npos) {
      values[trimmed(line.substr(0, equals))] = trimmed(line.substr(equals + 1));
    }
  }
  S3Secret secret{values["aws_access_key_id"], values["aws_secret_access_key"],
                  values["aws_session_token"]};
  if (secret.access_key.empty() || secret.secret_key.empty()) {
    return Error{
        ErrorCode::not_found,
        fmt::format("has no aws_access_key_id and aws_secret_access_key of profile [{}]", profile)};
  }
  return secret;
}

S3Credentials::S3Credentials(const S3Options& options, Environment environment, WaitingFetch& http)
    : options_(options), environment_(std::move(environment)), http_(http) {}

Result<S3Secret> S3Credentials::get() {
  std::lock_guard lock(mutex_);
  const bool good = known_ && (known_->expires_at == 0 ||
                               std::time(nullptr) + s3::kRenewBeforeSeconds < known_->expires_at);
  if (good) return *known_;
  Result<S3Secret> loaded = load();
  // Those that end soon are better than none while their source is out of reach.
  if (!loaded.ok() && known_ && std::time(nullptr) < known_->expires_at) return *known_;
  if (loaded.ok()) known_ = *loaded;
  return loaded;
}

bool S3Credentials::renew(const S3Secret& used) {
  std::lock_guard lock(mutex_);
  if (known_ && *known_ != used) return true;  // another thread was here first
  const Result<S3Secret> loaded = load();
  if (!loaded.ok() || *loaded == used) return false;
  known_ = *loaded;
  return true;
}

Result<S3Secret> S3Credentials::load() {
  if (!options_.credentials_file.empty()) return from_file(options_.credentials_file);
  const auto access_key = environment_("AWS_ACCESS_KEY_ID");
  const auto secret_key = environment_("AWS_SECRET_ACCESS_KEY");
  if (access_key && secret_key)
    return S3Secret{*access_key, *secret_key, environment_("AWS_SESSION_TOKEN").value_or("")};
  if (const auto token_file = environment_("AWS_WEB_IDENTITY_TOKEN_FILE"))
    return from_web_identity(*token_file);
  if (const auto file = environment_("AWS_SHARED_CREDENTIALS_FILE")) return from_file(*file);
  const std::string file = environment_("HOME").value_or("") + "/.aws/credentials";
  if (!std::ifstream(file).is_open()) return none_found();
  return from_file(file);
}

Result<S3Secret> S3Credentials::from_file(const std::string& path) const {
  const Result<std::string> text = read_small_file(path);
  if (!text.ok()) return text.error();
  Result<S3Secret> secret =
      parse_credentials_file(*text, environment_("AWS_PROFILE").value_or("default"));
  if (secret.ok()) return secret;
  return Error{ErrorCode::invalid_argument, fmt::format("{} {}.", path, secret.error().message)};
}

Result<S3Secret> S3Credentials::from_web_identity(const std::string& token_file) {
  const auto role = environment_("AWS_ROLE_ARN");
  if (!role) {
    return Error{ErrorCode::invalid_argument,
                 "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN, the role it is for."};
  }
  const Result<std::string> token = read_small_file(token_file);
  if (!token.ok()) return token.error();
  const std::string form = fmt::format(
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}"
      "&WebIdentityToken={}",
      percent_encode(*role),
      percent_encode(environment_("AWS_ROLE_SESSION_NAME").value_or("telltale")),
      percent_encode(trimmed(*token)));
  ports::FetchRequest request;
  request.method = "POST";
  request.url = options_.sts_endpoint + "/";
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body = std::make_shared<const std::string>(form);
  request.tls.ca_file = options_.ca_file;
  request.connect_us = s3::kConnectUs;
  request.idle_us = s3::kIdleUs;
  const Result<HttpAnswer> answer = http_.send(std::move(request), s3::kAnswerBytes);
  if (!answer.ok()) {
    return Error{answer.error().code,
                 fmt::format("{}: {}.", options_.sts_endpoint, answer.error().message)};
  }
  if (answer->status != 200) {
    const S3ErrorBody error = parse_error(answer->body);
    return Error{answer->status >= 500 ? ErrorCode::unavailable : ErrorCode::invalid_argument,
                 fmt::format("{} does not accept the web identity: {} {} \"{}\".",
                             options_.sts_endpoint, answer->status, error.code, error.message)};
  }
  Result<StsCredentials> given = parse_web_identity(answer->body);
  if (!given.ok()) return given.error();
  return S3Secret{given->access_key, given->secret_key, given->session_token,
                  parse_time(given->expiration)};
}

}  // namespace telltale::store
