// What every harness shares: the entry point that libFuzzer or main.cc calls, and how one input is
// cut into several. A harness CHECKs what must hold for any bytes whatever, and else only has to
// live through them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telltale::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// What stands before the first `separator`, taken off `rest` together with it; else all of it.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return piece;
}

// Binary pieces: two bytes of length, little end first, then as many bytes as are there.
inline std::string_view take_piece(std::string_view& rest) {
  if (rest.size() < 2) {
    rest = {};
    return {};
  }
  const auto low = static_cast<unsigned char>(rest[0]);
  const auto high = static_cast<unsigned char>(rest[1]);
  const std::string_view piece = rest.substr(2, low + 256U * high);
  rest.remove_prefix(2 + piece.size());
  return piece;
}

}  // namespace telltale::fuzz
