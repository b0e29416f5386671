#include "base/sha256.h"

#include <openssl/sha.h>

namespace telltale {

std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
  std::array<std::uint8_t, 32> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0;
  const auto digest = sha256(bytes);
  for (std::size_t i = 0; i < 8; ++i) sum = (sum << 8) | digest[i];
  return sum;
}

}  // namespace telltale
