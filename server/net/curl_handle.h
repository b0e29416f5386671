// CurlHandle: one request as a libcurl handle, whose callbacks feed a Transfer. Lives on the thread
// of its CurlFetch, which adds it to a multi handle and says what became of it.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "net/transfer.h"
#include "ports/http_fetch.h"

namespace telltale::net {

// Microseconds of a clock that nobody sets.
std::int64_t steady_us();

class CurlHandle {
 public:
  CurlHandle(ports::FetchRequest request, std::shared_ptr<Transfer> transfer);
  ~CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  // invalid_argument: this is no request that can be sent.
  Status set_up();
  CURL* easy() const { return easy_; }
  Transfer& transfer() const { return *transfer_; }
  // There is room again.
  void go_on();
  // What libcurl says of the end of it, in our words.
  Status status_of(CURLcode code) const;
  // When it is to be given up where nothing moves until then.
  std::int64_t idle_at_us();
  Error idle_error() const;

 private:
  static std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up);

  template <typename Value>
  void set(CURLoption option, Value value);
  Status set_headers();
  void set_method();
  void set_tls();
  bool take_header(std::string_view line);

  const ports::FetchRequest request_;
  const std::shared_ptr<Transfer> transfer_;
  CURL* const easy_;
  curl_slist* headers_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = "";
  Status set_ = Done{};  // the first option that libcurl refused
  ports::FetchHead head_;
  std::size_t head_bytes_ = 0;
  bool head_done_ = false;
  curl_off_t moved_ = 0;  // bytes, both ways
  std::int64_t moved_at_us_;
};

}  // namespace telltale::net
