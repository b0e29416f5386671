// What the readers of this process may take of it, with reasons; the frames themselves have theirs
// in base/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace telltale::serve {

// Encoded for live readers in one turn of the loop, beyond which a frame is not cut: some 3 ms.
inline constexpr std::size_t kLiveTurnBytes = 1U << 20;
// Frames of all live connections that their peers have not taken yet. Past it nothing is encoded
// until there is room, and a peer that has taken nothing for so long makes some.
inline constexpr std::size_t kOutgoingBytes = 256U << 20;
inline constexpr std::int64_t kSlowReaderUs = 10'000'000;
// Runs that readers watch or that were watched a moment ago, by their own count. Past it those that
// nobody watches leave, the longest unused first; where all are watched no other one is opened.
inline constexpr std::size_t kWatchedRunsBytes = 1U << 30;
// Runs being opened at a time, each with a snapshot in memory beside the run; and those that wait.
inline constexpr std::size_t kOpenings = 8;
inline constexpr std::size_t kOpeningsWaiting = 1'024;

}  // namespace telltale::serve
