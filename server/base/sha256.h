// SHA-256 of a byte string, by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace telltale {

std::array<std::uint8_t, 32> sha256(std::string_view bytes);

}  // namespace telltale
