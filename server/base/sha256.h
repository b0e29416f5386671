// SHA-256 of a byte string, by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace telltale {

std::array<std::uint8_t, 32> sha256(std::string_view bytes);

// Its first 8 bytes, big end first: tells what was written from what is read.
std::uint64_t checksum(std::string_view bytes);

}  // namespace telltale
