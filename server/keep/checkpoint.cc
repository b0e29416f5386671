#include "keep/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sha256.h"
#include "keep/scanner.h"

namespace telltale::keep {
namespace {

constexpr std::string_view kCheckpointHead = "telltale checkpoint 3\n";
constexpr std::string_view kCheckpointHead2 = "telltale checkpoint 2\n";  // without an archive
constexpr std::string_view kManifestHead = "telltale manifest 1\n";

std::string text_of(const PackId& pack) {
  return fmt::format("{}-{}", pack.generation, pack.number);
}

PackId take_pack(Scanner& scanner) {
  PackId pack;
  pack.generation = scanner.number();
  scanner.word("-");
  pack.number = scanner.number();
  return pack;
}

}  // namespace

std::string encode_checkpoint(const Checkpoint& checkpoint) {
  std::string text = fmt::format(
      "{}generation {}\nsince_generation {}\nnext {}\narchived {}\nfold_version {}\n",
      kCheckpointHead, checkpoint.generation, checkpoint.since_generation,
      to_number(checkpoint.next), to_number(checkpoint.archived.next), checkpoint.fold_version);
  for (const OffsetRange& gap : checkpoint.archived.gaps) {
    fmt::format_to(std::back_inserter(text), "gap {} {}\n", to_number(gap.begin),
                   to_number(gap.end));
  }
  for (const auto& [run, place] : checkpoint.runs) {
    fmt::format_to(std::back_inserter(text), "run {} {} {} {}\n", run.text(), text_of(place.pack),
                   place.offset, place.length);
  }
  fmt::format_to(std::back_inserter(text), "runs {}\n", checkpoint.runs.size());
  return text + fmt::format("checksum {:016x}\n", checksum(text));
}

Result<Checkpoint> decode_checkpoint(std::string_view bytes) {
  Scanner scanner(bytes);
  Checkpoint checkpoint;
  const bool has_archive = !scanner.starts_with(kCheckpointHead2);
  scanner.word(has_archive ? kCheckpointHead : kCheckpointHead2);
  checkpoint.generation = scanner.field("generation");
  checkpoint.since_generation = scanner.field("since_generation");
  checkpoint.next = LogOffset{scanner.field("next")};
  if (has_archive) checkpoint.archived.next = LogOffset{scanner.field("archived")};
  const std::uint64_t fold_version = scanner.field("fold_version");
  checkpoint.fold_version = static_cast<std::uint32_t>(fold_version);
  bool sane = fold_version == checkpoint.fold_version;
  while (has_archive && scanner.good() && scanner.starts_with("gap ")) {
    scanner.word("gap ");
    const LogOffset begin{scanner.number()};
    scanner.word(" ");
    const LogOffset end{scanner.number()};
    scanner.word("\n");
    sane &= begin < end;
    checkpoint.archived.gaps.push_back({begin, end});
  }
  while (scanner.good() && scanner.starts_with("run ")) {
    scanner.word("run ");
    const RunKey run = scanner.run();
    scanner.word(" ");
    SnapshotPlace place;
    place.pack = take_pack(scanner);
    scanner.word(" ");
    place.offset = scanner.number();
    scanner.word(" ");
    place.length = scanner.number();
    scanner.word("\n");
    sane &= place.length <= UINT64_MAX - place.offset;
    checkpoint.runs[run] = place;
  }
  const std::uint64_t runs = scanner.field("runs");
  const std::size_t summed = bytes.size() - scanner.left();
  const bool as_written =
      !has_archive || scanner.field("checksum", 16) == checksum(bytes.substr(0, summed));
  if (!scanner.good() || !scanner.at_end() || !as_written || !sane ||
      runs != checkpoint.runs.size())
    return Error{ErrorCode::corrupt, "The checkpoint is not what this version writes."};
  return checkpoint;
}

std::optional<LogOffset> reach_of_checkpoint(std::string_view head) {
  Scanner scanner(head);
  const bool has_archive = !scanner.starts_with(kCheckpointHead2);
  scanner.word(has_archive ? kCheckpointHead : kCheckpointHead2);
  scanner.field("generation");
  scanner.field("since_generation");
  const std::uint64_t next = scanner.field("next");
  const std::uint64_t archived = has_archive ? scanner.field("archived") : 0;
  if (!scanner.good()) return std::nullopt;
  return LogOffset{std::max(next, archived)};
}

std::string encode_manifest(const Manifest& manifest) {
  return fmt::format("{}snapshot {}\n", kManifestHead, text_of(manifest.snapshot));
}

Result<Manifest> decode_manifest(std::string_view bytes) {
  Scanner scanner(bytes);
  Manifest manifest;
  scanner.word(kManifestHead);
  scanner.word("snapshot ");
  manifest.snapshot = take_pack(scanner);
  scanner.word("\n");
  if (!scanner.good() || !scanner.at_end())
    return Error{ErrorCode::corrupt, "The manifest is not what this version writes."};
  return manifest;
}

std::string checkpoint_key(int partition) {
  return fmt::format("partitions/{}/checkpoint", partition);
}

std::string packs_prefix(int partition) { return fmt::format("partitions/{}/packs/", partition); }

std::string pack_key(int partition, const PackId& pack) {
  return packs_prefix(partition) + text_of(pack);
}

std::string manifest_key(const RunKey& run) { return "runs/" + run.text() + "/manifest"; }

std::string snapshots_prefix(const RunKey& run) { return "runs/" + run.text() + "/snapshots/"; }

std::string snapshot_key(const RunKey& run, const PackId& snapshot) {
  return snapshots_prefix(run) + text_of(snapshot);
}

std::optional<PackId> parse_pack_id(std::string_view text) {
  Scanner scanner(text);
  const PackId pack = take_pack(scanner);
  if (!scanner.good() || !scanner.at_end()) return std::nullopt;
  return pack;
}

}  // namespace telltale::keep
