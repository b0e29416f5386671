#include "net/curl_handle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstring>

namespace telltale::net {
namespace {

// What libcurl reads or sends at once: a piece.
constexpr long kPieceBytes = 256L << 10;
// Of an answer; S3's, the largest of those we ask, has some KiB.
constexpr std::size_t kHeadBytes = 256U << 10;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
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
    case CURLE_UNSUPPORTED_PROTOCOL: return true;  // an answer that is no HTTP/1.1
    default: return false;
  }
}

// libcurl keeps no copy: the request outlives the handle.
curl_blob blob_of(const std::string& bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_NOCOPY};
}

}  // namespace

std::int64_t steady_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

CurlHandle::CurlHandle(ports::FetchRequest request, std::shared_ptr<Transfer> transfer)
    : request_(std::move(request)),
      transfer_(std::move(transfer)),
      easy_(curl_easy_init()),
      moved_at_us_(steady_us()) {
  CHECK(easy_ != nullptr, "libcurl has no handle");
}

CurlHandle::~CurlHandle() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

template <typename Value>
void CurlHandle::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy_, option, value);
  if (code == CURLE_OK || !set_.ok()) return;
  set_ =
      Error{ErrorCode::internal, fmt::format("libcurl does not take option {}: {}.",
                                             static_cast<int>(option), curl_easy_strerror(code))};
}

Status CurlHandle::set_up() {
  if (Status good = set_headers(); !good.ok()) return good;
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, "telltale");
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_HTTPHEADER, headers_);
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::max<std::int64_t>(request_.connect_us / 1'000, 1)));
  set(CURLOPT_TCP_KEEPALIVE, 1L);  // some answers are silent for long
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_BUFFERSIZE, kPieceBytes);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kPieceBytes);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_XFERINFOFUNCTION, on_progress);
  set(CURLOPT_XFERINFODATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
  set_method();
  set_tls();
  if (request_.signing) {
    set(CURLOPT_AWS_SIGV4, request_.signing->scope.c_str());
    set(CURLOPT_USERNAME, request_.signing->access_key.c_str());
    set(CURLOPT_PASSWORD, request_.signing->secret_key.c_str());
  }
  return set_;
}

Status CurlHandle::set_headers() {
  for (const auto& [name, value] : request_.headers) {
    if (name.empty() || value.empty() ||
        (name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("The header {} cannot be sent.", trimmed(name))};
    }
    headers_ = curl_slist_append(headers_, fmt::format("{}: {}", name, value).c_str());
  }
  return Done{};
}

void CurlHandle::set_method() {
  static const std::string kNothing;
  const std::string& method = request_.method;
  if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.body != nullptr || method == "PUT" || method == "POST") {
    // As curl's POST the body is in memory, so that it is hashed for the signature.
    const std::string& body = request_.body == nullptr ? kNothing : *request_.body;
    set(CURLOPT_POSTFIELDS, body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void CurlHandle::set_tls() {
  const ports::FetchTls& tls = request_.tls;
  if (!tls.ca_pem.empty()) {
    curl_blob pem = blob_of(tls.ca_pem);
    set(CURLOPT_CAINFO_BLOB, &pem);
  } else if (!tls.ca_file.empty()) {
    set(CURLOPT_CAINFO, tls.ca_file.c_str());
  }
  // Else the system's folder of authorities counts beside them.
  if (!tls.ca_pem.empty() || !tls.ca_file.empty())
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  if (!tls.verify) {
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (tls.certificate_pem.empty()) return;
  curl_blob certificate = blob_of(tls.certificate_pem);
  curl_blob key = blob_of(tls.key_pem);
  set(CURLOPT_SSLCERT_BLOB, &certificate);
  set(CURLOPT_SSLKEY_BLOB, &key);
}

std::size_t CurlHandle::on_header(char* bytes, std::size_t, std::size_t count, void* self) {
  return static_cast<CurlHandle*>(self)->take_header({bytes, count}) ? count : 0;
}

// Line by line; what comes after the body (trailers) is nobody's.
bool CurlHandle::take_header(std::string_view line) {
  moved_at_us_ = steady_us();
  if (head_done_) return true;
  head_bytes_ += line.size();
  if (head_bytes_ > kHeadBytes) return false;
  if (line.rfind("HTTP/", 0) == 0) {
    head_.headers.clear();  // what came before was "100 Continue"
    return true;
  }
  if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    head_.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
    return true;
  }
  if (!trimmed(line).empty()) return true;
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return true;
  head_done_ = true;
  head_.status = static_cast<int>(status);
  transfer_->take_head(std::move(head_));
  return true;
}

std::size_t CurlHandle::on_body(char* bytes, std::size_t, std::size_t count, void* self) {
  auto& handle = *static_cast<CurlHandle*>(self);
  handle.moved_at_us_ = steady_us();
  return handle.transfer_->take({bytes, count}) ? count : CURL_WRITEFUNC_PAUSE;
}

int CurlHandle::on_progress(void* self, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) {
  auto& handle = *static_cast<CurlHandle*>(self);
  if (down + up != handle.moved_) {
    handle.moved_ = down + up;
    handle.moved_at_us_ = steady_us();
  }
  return 0;
}

void CurlHandle::go_on() {
  moved_at_us_ = steady_us();
  curl_easy_pause(easy_, CURLPAUSE_CONT);
}

std::int64_t CurlHandle::idle_at_us() {
  if (transfer_->is_held_up()) moved_at_us_ = steady_us();
  return moved_at_us_ + request_.idle_us;
}

Error CurlHandle::idle_error() const {
  return {ErrorCode::unavailable,
          fmt::format("Nothing moved for {:.1f} s", static_cast<double>(request_.idle_us) / 1e6)};
}

Status CurlHandle::status_of(CURLcode code) const {
  if (code == CURLE_OK && head_done_) return Done{};
  if (code == CURLE_OK) return Error{ErrorCode::unavailable, "The answer had no head"};
  std::string text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  if (head_bytes_ > kHeadBytes) {
    text = fmt::format("The answer's headers are longer than {} bytes", kHeadBytes);
  } else if (long number = 0; code == CURLE_COULDNT_CONNECT &&
                              curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &number) == CURLE_OK &&
                              number != 0) {
    text += fmt::format(": {}", std::strerror(static_cast<int>(number)));
  }
  return Error{is_passing(code) ? ErrorCode::unavailable : ErrorCode::internal, std::move(text)};
}

}  // namespace telltale::net
