// Every bound of the Kafka log, with its reason; what all logs share is in base/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace telltale::log {

// --- times
// How long a server waits at its start for brokers that may be starting too.
inline constexpr int kKafkaOpenMs = 10'000;
// An append or a question that no broker answered by then is answered `unavailable`. A leader that
// died is replaced within 9 s by Kafka's defaults, so who tries once more finds the next one.
inline constexpr int kKafkaAnswerMs = 8'000;
// close() waits this long for what was accepted to be appended.
inline constexpr int kKafkaCloseMs = 10'000;
// A member that leaves tells the group; past this the group finds out by itself (session time-out).
inline constexpr int kKafkaLeaveMs = 3'000;
// A client that could not be made, for want of memory or descriptors, is made after this.
inline constexpr int kKafkaNextClientMs = 1'000;
// A broker holds a fetch this long when there is nothing new. News are answered at once whatever it
// is; it bounds how long a partition that is asked for next waits for its turn.
inline constexpr int kKafkaFetchWaitMs = 50;
// A position that nobody reads on from is closed after this; a page that reconnects is faster.
inline constexpr std::int64_t kKafkaCursorIdleMs = 15'000;

// --- sizes
// One record with its headers. Ours are below limits::kEventBytes; others' topics may hold more.
inline constexpr std::size_t kKafkaRecordBytes = 2U << 20;
// A batch stays below the 1 MiB that brokers take by default.
inline constexpr std::size_t kKafkaBatchBytes = 896U << 10;
// Positions of one partition read at once: the tail, and some who come from behind. More wait.
inline constexpr std::size_t kKafkaLanes = 4;
// Of one position: what was fetched and not read yet. At twice this fetching pauses until it is
// down to this.
inline constexpr std::size_t kKafkaCursorBytes = 4U << 20;
// Kept of what was read, for others who follow the same tail a little behind.
inline constexpr std::size_t kKafkaKeptBytes = 1U << 20;
// Reads under way: each of some hundred pages follows a few partitions.
inline constexpr std::size_t kKafkaReads = 16'384;
// Commits and questions under way; each is small, and a server has a few for each partition.
inline constexpr std::size_t kKafkaQuestions = 4'096;
// Threads for what blocks in librdkafka.
inline constexpr int kKafkaQuestionThreads = 2;

}  // namespace telltale::log
