// CHECK(condition, "format {}", values...): a broken invariant is a bug and ends the process with
// the place and the values, in release builds too.
#pragma once

#include <fmt/core.h>

#include <string_view>

namespace telltale {

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view message);

}  // namespace telltale

#define CHECK(condition, ...)                                                               \
  do {                                                                                      \
    if (!(condition)) [[unlikely]]                                                          \
      ::telltale::check_failed(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)
