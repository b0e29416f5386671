// Every bound of the S3 adapter, with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace telltale::store::s3 {

// --- transfers
// Requests on their way at once. Small ones wait for the network, not for a core; what waits longer
// than these is the callers' to bound, as with every store.
inline constexpr int kTransfers = 8;
// Parts of uploads have their own: gigabytes on a slow line keep no checkpoint waiting.
inline constexpr int kUploadTransfers = 4;
inline constexpr std::int64_t kConnectUs = 5'000'000;
// A transfer in which nothing moves for so long is given up and tried again.
inline constexpr std::int64_t kIdleUs = 20'000'000;
// S3 puts parts together before it answers: "several minutes", with spaces sent meanwhile.
inline constexpr std::int64_t kCompleteIdleUs = 180'000'000;
// What a transfer under way may still take once the store closes.
inline constexpr std::int64_t kStopGraceUs = 1'500'000;
// An answer that is not an object: a list of 1,000 keys of 1 KiB is well below.
inline constexpr std::size_t kAnswerBytes = 4U << 20;

// --- retries: with 50 ms doubling up to 3 s, half of each wait by chance, a store that is away for
// ten seconds is waited for; what is away longer is its callers' to know. `retry=` of the URL
// changes the budget.
inline constexpr int kTries = 500;  // of the longest budget; the default one ends before 30
inline constexpr std::int64_t kRetryBudgetMs = 20'000;
inline constexpr std::int64_t kRetryBudgetMsMax = 600'000;
inline constexpr std::int64_t kFirstWaitMs = 50;
inline constexpr std::int64_t kLongestWaitMs = 3'000;

// --- uploads
// 10,000 parts (S3's limit) of 16 MiB are 156 GiB, the largest object. All parts but the last have
// one size, which some stores ask for.
inline constexpr std::size_t kPartBytes = 16U << 20;
inline constexpr std::size_t kParts = 10'000;
// Of one upload at once; with the part being filled this is its memory: 64 MiB.
inline constexpr std::size_t kPartsInFlight = 3;

// --- credentials
// Temporary ones are renewed so long before they end.
inline constexpr std::int64_t kRenewBeforeSeconds = 300;
// Files with credentials and tokens: the longest tokens have some KiB.
inline constexpr std::size_t kCredentialFileBytes = 1U << 20;

// Keys of one list request: S3's own limit.
inline constexpr std::size_t kListPage = 1'000;

}  // namespace telltale::store::s3
