// Result<T>: a value, or an Error a caller can react to. Used for operating errors only: a bug is a
// CHECK (check.h), bad input is a counter (rejections). Every error is handled once: logged or
// passed.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace telltale {

// A code exists because some caller reacts to it; the names are also those of REST problem bodies.
enum class ErrorCode {
  invalid_argument,     // 400
  not_found,            // 404
  precondition_failed,  // 412: a conditional write lost
  expired,              // 410: a position nothing can be continued from; begin again
  too_large,            // 413
  too_many_requests,    // 429: a queue is full, try again later
  unavailable,          // 503: try again
  storage_full,         // 507: reading goes on
  corrupt,              // 500: bytes are not what was written
  closed,               // the object is shutting down
  internal,             // 500
};

const char* name_of(ErrorCode code);
int http_status_of(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string message;  // a sentence for a person; sensitive data never goes in here

  bool operator==(const Error&) const = default;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() {
    CHECK(ok(), "no value: {}", error_text());
    return std::get<0>(state_);
  }
  const T& value() const {
    CHECK(ok(), "no value: {}", error_text());
    return std::get<0>(state_);
  }
  T take() { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }

  const Error& error() const {
    CHECK(!ok(), "no error");
    return std::get<1>(state_);
  }

 private:
  std::string error_text() const { return ok() ? "" : std::get<1>(state_).message; }
  std::variant<T, Error> state_;
};

struct Done {
  bool operator==(const Done&) const = default;
};
// For what has no value to give.
using Status = Result<Done>;

}  // namespace telltale
