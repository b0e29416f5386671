// Every bound of who may do what, with its reason; what all requests share is in base/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace telltale::web {

// Links for browsers that wait to be opened, and for how long: a click, not a bookmark. An address
// that is signed is good for as long.
inline constexpr std::size_t kLinkCodes = 16;
inline constexpr std::int64_t kLinkCodeUs = 300'000'000;
// Browsers that act for the owner: his own, with a line of 80 bytes each, for 30 days.
inline constexpr std::size_t kSessions = 64;
inline constexpr std::int64_t kSessionUs = 2'592'000'000'000;
// Wrong tokens, and wrong codes, that are answered in so long: a person mistypes a few, and none of
// them can be guessed in any number that fits.
inline constexpr int kWrongTries = 20;
inline constexpr std::int64_t kWrongTriesUs = 60'000'000;

}  // namespace telltale::web
