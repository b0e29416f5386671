#include "store/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstring>

#include "store/s3_limits.h"

namespace telltale::store {
namespace {

std::int64_t steady_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

struct Transfer {
  HttpAnswer answer;
  std::size_t bytes_max = 0;
  bool too_long = false;
  const std::atomic<std::int64_t>* stop_at_ms = nullptr;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.too_long = count > transfer.bytes_max - transfer.answer.body.size();
  if (transfer.too_long) return 0;
  transfer.answer.body.append(bytes, count);
  return count;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* user) {
  HttpAnswer& answer = static_cast<Transfer*>(user)->answer;
  const std::string_view line(bytes, count);
  if (line.rfind("HTTP/", 0) == 0) answer.headers.clear();  // what came before was "100 Continue"
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  answer.headers[name] = trimmed(line.substr(colon + 1));
  return count;
}

int check_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const std::int64_t at_ms = static_cast<Transfer*>(user)->stop_at_ms->load();
  return at_ms != 0 && steady_ms() > at_ms ? 1 : 0;
}

// Trying again helps where the network or the other side was the reason.
bool is_passing(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // an answer that is no HTTP/1.1
    case CURLE_ABORTED_BY_CALLBACK: return true;
    default: return false;
  }
}

void set_up(CURL* curl, const HttpRequest& request, const std::string& ca_file, curl_slist* headers,
            char* error_text, Transfer& transfer) {
  const auto set = [curl](CURLoption option, auto value) {
    const CURLcode code = curl_easy_setopt(curl, option, value);
    CHECK(code == CURLE_OK, "curl option {}: {}", static_cast<int>(option),
          curl_easy_strerror(code));
  };
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, error_text);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, "telltale");
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_CONNECTTIMEOUT_MS, s3::kConnectTimeoutMs);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, request.stall_seconds);
  set(CURLOPT_BUFFERSIZE, 256L << 10);
  set(CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_HEADERFUNCTION, take_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_XFERINFOFUNCTION, check_stop);
  set(CURLOPT_XFERINFODATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    // As curl's POST the body is in memory, so that it is hashed for the signature.
    set(CURLOPT_POSTFIELDS, request.body.data() == nullptr ? "" : request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (request.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (request.signing != nullptr) {
    set(CURLOPT_AWS_SIGV4, request.signing->scope.c_str());
    set(CURLOPT_USERNAME, request.signing->access_key.c_str());
    set(CURLOPT_PASSWORD, request.signing->secret_key.c_str());
  }
}

}  // namespace

// Handles that no request uses now; each keeps its connection open.
struct HttpClient::Handles {
  std::mutex mutex;
  std::vector<CURL*> idle;

  CURL* take() {
    std::lock_guard lock(mutex);
    if (idle.empty()) return curl_easy_init();
    CURL* curl = idle.back();
    idle.pop_back();
    return curl;
  }
  void give_back(CURL* curl) {
    curl_easy_reset(curl);
    std::lock_guard lock(mutex);
    idle.push_back(curl);
  }
};

HttpClient::HttpClient(std::string ca_file)
    : ca_file_(std::move(ca_file)), handles_(std::make_unique<Handles>()) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(ready == CURLE_OK, "libcurl: {}", curl_easy_strerror(ready));
}

HttpClient::~HttpClient() {
  for (CURL* curl : handles_->idle) curl_easy_cleanup(curl);
}

void HttpClient::stop() { stop_at_ms_ = steady_ms() + s3::kStopGraceMs; }

Result<HttpAnswer> HttpClient::send(const HttpRequest& request) {
  CURL* curl = handles_->take();
  CHECK(curl != nullptr, "libcurl has no handle");
  Transfer transfer;
  transfer.bytes_max = request.answer_bytes_max;
  transfer.stop_at_ms = &stop_at_ms_;
  curl_slist* headers = nullptr;
  for (const std::string& header : request.headers)
    headers = curl_slist_append(headers, header.c_str());
  char error_text[CURL_ERROR_SIZE] = "";
  set_up(curl, request, ca_file_, headers, error_text, transfer);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
  long number = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
  handles_->give_back(curl);
  curl_slist_free_all(headers);
  if (transfer.too_long) {
    return Error{ErrorCode::internal,
                 fmt::format("The answer is longer than {} bytes.", request.answer_bytes_max)};
  }
  if (code == CURLE_OK) return std::move(transfer.answer);
  std::string text = error_text[0] != '\0' ? error_text : curl_easy_strerror(code);
  if (code == CURLE_COULDNT_CONNECT && number != 0)
    text += fmt::format(": {}", std::strerror(static_cast<int>(number)));
  return Error{is_passing(code) ? ErrorCode::unavailable : ErrorCode::internal, text};
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((std::isalnum(byte) != 0 && byte < 0x80) || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", byte);
    }
  }
  return encoded;
}

}  // namespace telltale::store
