// Checkpoint: up to where a partition's runs are all in the store, and where each one's snapshot
// lies (docs/formats/store.md). Open runs stand in the checkpoint itself, which names a range of a
// pack; a run that ended or fell silent has a manifest of its own, so that a checkpoint does not
// grow with the past. Written by the fold loop under a generation, read by it and by every reader
// that opens a run. Text of one line a field, so that a person can read it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace telltale::keep {

// An object of snapshots: the generation that wrote it and its number within that generation, from
// 1. No name is ever written twice.
struct PackId {
  std::uint64_t generation = 0;
  std::uint64_t number = 0;

  auto operator<=>(const PackId&) const = default;
};

// Where a snapshot lies: bytes of a pack.
struct SnapshotPlace {
  PackId pack;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const SnapshotPlace&) const = default;
};

// Offsets from `begin` up to, but not, `end`.
struct OffsetRange {
  LogOffset begin{};
  LogOffset end{};

  bool operator==(const OffsetRange&) const = default;
};

// What of a partition's events the runs' archives hold (event_block.h).
struct Archived {
  LogOffset next{};               // every event before it,
  std::vector<OffsetRange> gaps;  // but for those the log lost before they were; ascending

  bool operator==(const Archived&) const = default;
};

struct Checkpoint {
  std::uint64_t generation = 0;  // of the partition's holder; grows with every claim
  // All was folded anew by this one: manifests of generations before it are void.
  std::uint64_t since_generation = 0;
  LogOffset next{};   // every event before it is in its run's snapshot, where it has one
  Archived archived;  // whoever comes next reads from the lower one of both
  std::uint32_t fold_version = 0;  // of the code that folded; another one folds again from events
  std::map<RunKey, SnapshotPlace> runs;  // the open ones; others have a manifest, or no event yet

  bool operator==(const Checkpoint&) const = default;
};

// Of a run that stands in no checkpoint: its snapshot is an object of its own.
struct Manifest {
  PackId snapshot;

  bool operator==(const Manifest&) const = default;
};

std::string encode_checkpoint(const Checkpoint& checkpoint);
// corrupt: not what was written, or of another format than this one and the one before it, which
// had no archive.
Result<Checkpoint> decode_checkpoint(std::string_view bytes);
// From the beginning of one, of kCheckpointHeadBytes or all of it: every event before this offset
// is in the store, in a snapshot or in the archive; none where it is not a checkpoint's.
inline constexpr std::size_t kCheckpointHeadBytes = 256;
std::optional<LogOffset> reach_of_checkpoint(std::string_view head);
std::string encode_manifest(const Manifest& manifest);
Result<Manifest> decode_manifest(std::string_view bytes);

// partitions/<n>/checkpoint
std::string checkpoint_key(int partition);
// partitions/<n>/packs/<generation>-<number>; the prefix ends with '/'.
std::string packs_prefix(int partition);
std::string pack_key(int partition, const PackId& pack);
// runs/<key>/manifest
std::string manifest_key(const RunKey& run);
// runs/<key>/snapshots/<generation>-<number>; the prefix ends with '/'.
std::string snapshots_prefix(const RunKey& run);
std::string snapshot_key(const RunKey& run, const PackId& snapshot);
// The last segment of a pack's or a snapshot's key.
std::optional<PackId> parse_pack_id(std::string_view text);

}  // namespace telltale::keep
