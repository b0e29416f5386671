// UniqueFunction<void(Args...)>: a callable that may hold what can only be moved (std::function
// must copy, and C++20 has no std::move_only_function).
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace telltale {

template <typename Signature>
class UniqueFunction;

template <typename Out, typename... Args>
class UniqueFunction<Out(Args...)> {
 public:
  UniqueFunction() = default;
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction>)
  UniqueFunction(F function)  // NOLINT: implicit like std::function
      : callable_(std::make_unique<Holder<F>>(std::move(function))) {}

  explicit operator bool() const { return callable_ != nullptr; }
  Out operator()(Args... args) {
    CHECK(callable_ != nullptr, "an empty function was called");
    return callable_->call(std::forward<Args>(args)...);
  }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual Out call(Args... args) = 0;
  };
  template <typename F>
  struct Holder final : Callable {
    explicit Holder(F f) : function(std::move(f)) {}
    Out call(Args... args) override { return function(std::forward<Args>(args)...); }
    F function;
  };
  std::unique_ptr<Callable> callable_;
};

}  // namespace telltale
