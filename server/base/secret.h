// Secrets: made from the system's random numbers, and compared so that the time it takes tells
// nothing of where two of them differ. Only digests of them are kept. Pure but for the randomness;
// any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace telltale {

using Digest = std::array<std::uint8_t, 32>;

// 256 random bits as 64 letters and digits of base 16.
std::string make_secret();

// Takes as long for a wrong secret as for the right one: compares SHA-256 digests of both.
class Secret {
 public:
  explicit Secret(std::string_view text);
  explicit Secret(const Digest& digest) : digest_(digest) {}
  bool is(const Secret& other) const;
  const Digest& digest() const { return digest_; }

 private:
  Digest digest_;
};

// HMAC-SHA256 (RFC 2104) in base 16: says of `text` what only who has `key` can say.
std::string hmac_text(std::string_view key, std::string_view text);

std::string hex_of(const Digest& digest);

}  // namespace telltale
