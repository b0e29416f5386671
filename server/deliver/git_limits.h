// What one push or fetch may cost. Nothing here is waited for by others: a session is a process of
// its own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace telltale::deliver::limits {

// One push, as it comes and unpacked. Data sets and models belong elsewhere.
inline constexpr std::size_t kPushBytes = 512U << 20;
// What a fetch asks for: names of commits, some tens of thousands of them.
inline constexpr std::size_t kFetchBytes = 4U << 20;
// Taken from the network and handed to git at a time.
inline constexpr std::size_t kPieceBytes = 64U << 10;
// git answers while it still reads what was asked; it waits once so much was not fetched.
inline constexpr std::size_t kAheadBytes = 1U << 20;
// At a time. Most of them only show a terminal what its delivery says; what one takes is bounded.
inline constexpr std::size_t kSessions = 64;
inline constexpr const char* kSessionMemory = "2147483648";  // bytes of address space
// Also of a push whose terminal waits for the run: it can be watched on the page from then on.
inline constexpr std::int64_t kSessionUs = 3'600'000'000;
// From the request to end until it is ended.
inline constexpr std::int64_t kGraceUs = 5'000'000;
// What a process may take that begins a delivery: it reads one repository, and fetches nothing.
inline constexpr std::int64_t kAskedUs = 60'000'000;
inline constexpr std::size_t kProjects = 1'000;
inline constexpr std::size_t kProjectNameBytes = 64;

}  // namespace telltale::deliver::limits
