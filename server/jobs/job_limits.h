// Every bound of visualization jobs, with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace telltale::jobs {

// Jobs that wait or run: more than a burst of requests, each is looked at when one is given out.
inline constexpr std::size_t kOpenJobs = 2'000;
// What those bring, their arguments above all: code, and tables that people paste.
inline constexpr std::size_t kOpenBytes = 64U << 20;
inline constexpr std::size_t kArgumentsBytes = 512U << 10;
inline constexpr std::size_t kSourceUriBytes = 4'096;
inline constexpr std::size_t kMessageBytes = 64U << 10;  // a traceback
inline constexpr std::size_t kNameBytes = 256;           // of a part, a worker, a note, a type

// Ended jobs that are kept, the newest, and what all of those may take of the store.
inline constexpr std::size_t kEndedJobs = 1'000;
inline constexpr std::uint64_t kEndedBytes = std::uint64_t{64} << 30;

// Of one job: a person looks at some dozens of parts; text comes in as many pieces as it is said
// in.
inline constexpr std::uint32_t kParts = 1'000;
inline constexpr std::size_t kPieces = 10'000;
inline constexpr std::uint64_t kOutputBytes = std::uint64_t{16} << 30;
// What a step shows at a time: a figure or a page, which it held in its memory.
inline constexpr std::uint64_t kShownBytes = std::uint64_t{64} << 20;
// Workers that are lost with a job before it has failed: it may be the job that kills them.
inline constexpr std::uint32_t kAttempts = 3;
// A lease without a beat: three beats of five seconds.
inline constexpr std::int64_t kLeaseUs = 15'000'000;
// A lease has a record so often at least, however often its worker beats.
inline constexpr std::int64_t kBeatUs = 4'000'000;
inline constexpr std::int64_t kLookUs = 1'000'000;

// Workers that ask for jobs at a time, for how long, and for how many jobs.
inline constexpr std::size_t kWaitingWorkers = 256;
inline constexpr std::int64_t kWaitUsMax = 20'000'000;
inline constexpr std::size_t kSlots = 64;
// Workers that tell what they can draw; one that did not ask for jobs for so long is gone.
inline constexpr std::size_t kWorkers = 64;
inline constexpr std::int64_t kWorkerGoneUs = 60'000'000;
inline constexpr std::size_t kTypes = 1'000;  // of one worker
inline constexpr std::size_t kRenderBodyBytes = 1U << 20;

// A list answers so many jobs, and a stream tells of changes so far apart.
inline constexpr std::size_t kListed = 200;
inline constexpr std::int64_t kFrameGapUs = 50'000;
inline constexpr std::size_t kPieceBytes = 64U << 10;  // of a part, in memory at a time

}  // namespace telltale::jobs
