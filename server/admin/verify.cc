#include "admin/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "admin/inventory.h"
#include "base/limits.h"
#include "base/murmur2.h"
#include "fold/snapshot.h"
#include "keep/checkpoint.h"
#include "keep/event_block.h"

namespace telltale::admin {
namespace {

// A place that moves while it is looked for moves once a checkpoint at most.
constexpr int kAttempts = 3;

// "runs/<key>/<kind>/<name>" or "runs/<key>/manifest".
struct RunObject {
  RunKey run;
  std::string kind;
  std::string name;
};

std::optional<RunObject> parse_run_object(const std::string& key) {
  constexpr std::size_t kFrom = 5;  // behind "runs/"
  const auto run = RunKey::parse(std::string_view(key).substr(kFrom, kIdLength));
  if (!run || key.size() < kFrom + kIdLength + 2 || key[kFrom + kIdLength] != '/')
    return std::nullopt;
  const std::string rest = key.substr(kFrom + kIdLength + 1);
  const std::size_t slash = rest.find('/');
  if (slash == std::string::npos) return RunObject{*run, rest, ""};
  return RunObject{*run, rest.substr(0, slash), rest.substr(slash + 1)};
}

bool within(const std::vector<keep::OffsetRange>& ranges, LogOffset event) {
  return std::any_of(ranges.begin(), ranges.end(), [event](const keep::OffsetRange& range) {
    return range.begin <= event && event < range.end;
  });
}

// What the store has of one run, while it is looked at.
struct Seen {
  std::vector<keep::OffsetRange> blocks;                 // each with every event of its run
  std::vector<std::pair<LogOffset, std::string>> known;  // events, and what speaks of them
  bool damaged = false;                                  // a block, which is told already
};

class Verifier {
 public:
  Verifier(StoreCaller& store, const VerifyReport& report) : store_(store), report_(report) {}

  Result<Verified> run() {
    Status done = verify_partitions();
    if (done.ok()) done = verify_runs();
    if (!done.ok()) return done.error();
    // Of these the store has nothing but a range of a pack.
    for (const auto& [run, open] : open_) {
      for (const std::string& sentence :
           missing_blocks(run, open.partition, {{}, {open.known}, false}))
        wrong(sentence);
    }
    return verified_;
  }

 private:
  void wrong(const std::string& sentence) {
    ++verified_.wrong;
    report_.wrong(sentence);
  }

  Status verify_partitions() {
    std::vector<int> partitions;
    std::map<int, std::set<keep::PackId>> packs;
    const Status listed = store_.each("partitions/", [&](const ports::ObjectInfo& object) {
      const int partition = checkpoint_partition(object.key);
      if (partition >= 0) partitions.push_back(partition);
      note_pack(object.key, packs);
    });
    if (!listed.ok()) return listed;
    for (const int partition : partitions) {
      const Status done = verify_partition(partition, packs[partition]);
      if (!done.ok()) return done;
    }
    return Done{};
  }

  static void note_pack(const std::string& key, std::map<int, std::set<keep::PackId>>& packs) {
    const std::size_t at = key.find("/packs/");
    if (at == std::string::npos) return;
    const int partition = checkpoint_partition(key.substr(0, at) + "/checkpoint");
    const auto pack = keep::parse_pack_id(std::string_view(key).substr(at + 7));
    if (partition >= 0 && pack) packs[partition].insert(*pack);
  }

  // Again from the start where a newer checkpoint came while this one was read.
  Status verify_partition(int partition, std::set<keep::PackId> packs) {
    const std::string key = keep::checkpoint_key(partition);
    std::vector<std::string> found;
    keep::Archived archived;
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
      const Result<ports::Object> object = store_.get(key);
      if (!object.ok()) return object.error();
      found.clear();
      const Status done = verify_checkpoint(partition, object->bytes, packs, found, archived);
      if (!done.ok()) return done;
      if (found.empty()) break;
      const Result<ports::Object> now = store_.get(key);
      if (!now.ok()) return now.error();
      if (now->etag == object->etag) break;
    }
    ++verified_.partitions;
    if (found.empty()) verified_.unnamed += packs.size();
    note_gaps(partition, archived);
    archived_[partition] = std::move(archived);
    for (const std::string& sentence : found) wrong(sentence);
    return Done{};
  }

  Status verify_checkpoint(int partition, const std::string& bytes, std::set<keep::PackId>& packs,
                           std::vector<std::string>& found, keep::Archived& archived) {
    const std::string key = keep::checkpoint_key(partition);
    const Result<keep::Checkpoint> checkpoint = keep::decode_checkpoint(bytes);
    if (!checkpoint.ok()) {
      found.push_back(fmt::format("{}: {}", key, checkpoint.error().message));
      return Done{};
    }
    archived = checkpoint->archived;
    for (const auto& [run, place] : checkpoint->runs) {
      packs.erase(place.pack);
      const std::string pack = keep::pack_key(partition, place.pack);
      const auto object = store_.get(pack, {place.offset, place.length});
      if (!object.ok() && object.error().code != ErrorCode::not_found) return object.error();
      std::optional<LogOffset> last;
      const std::string why = !object.ok() ? "is not there"
                              : object->bytes.size() != place.length
                                  ? "ends before its range"
                                  : trouble_of(object->bytes, run, last);
      if (last) open_[run] = {partition, {*last, key}};
      if (!why.empty()) {
        found.push_back(fmt::format("{} names bytes {} to {} of {} for run {}, which {}.", key,
                                    place.offset, place.offset + place.length, pack, run.text(),
                                    why));
      }
    }
    return Done{};
  }

  void note_gaps(int partition, const keep::Archived& archived) {
    for (const keep::OffsetRange& gap : archived.gaps) {
      report_.note(fmt::format(
          "Partition {}: what the log had from offset {} up to {} was gone before it was archived.",
          partition, to_number(gap.begin), to_number(gap.end)));
    }
  }

  // Why it is no snapshot of this run; empty where it is one, of which `last` is the last event.
  std::string trouble_of(const std::string& bytes, const RunKey& run,
                         std::optional<LogOffset>& last) {
    ++verified_.snapshots;
    const Result<fold::RunView> view = fold::decode(bytes);
    if (view.ok() && view->key() == run && !view->empty()) last = view->position();
    if (view.ok()) return view->key() == run ? "" : "is another run's";
    if (view.error().code == ErrorCode::precondition_failed && fold::check_snapshot(bytes).ok()) {
      ++verified_.other_versions;
      return "";
    }
    return "is damaged: " + view.error().message;
  }

  Status verify_runs() {
    std::vector<std::string> keys;
    Status done = Done{};
    const Status listed = store_.each("runs/", [&](const ports::ObjectInfo& object) {
      if (!done.ok()) return;
      // A listing is in order: what belongs to one run is looked at together.
      const std::string run = object.key.substr(0, 5 + kIdLength);
      if (!keys.empty() && keys.front().rfind(run, 0) != 0) {
        done = verify_run(keys);
        keys.clear();
      }
      keys.push_back(object.key);
    });
    if (!listed.ok()) return listed;
    if (done.ok() && !keys.empty()) done = verify_run(keys);
    return done;
  }

  // All keys of one run.
  Status verify_run(const std::vector<std::string>& keys) {
    ++verified_.runs;
    Status failed = Done{};
    std::vector<keep::PackId> snapshots;
    RunKey run;
    bool has_manifest = false;
    store_.get_each(keys, [&](const std::string& key, const Result<ports::Object>& object) {
      const auto what = parse_run_object(key);
      if (!object.ok()) {
        // Moved by a checkpoint since it was listed, unless the manifest says otherwise below.
        if (object.error().code != ErrorCode::not_found) failed = object.error();
      } else if (!what) {
        wrong(fmt::format("{} is no object that Telltale writes.", key));
      } else if (what->kind == "events") {
        verify_block(key, *what, object->bytes);
      } else if (what->kind == "snapshots" && keep::parse_pack_id(what->name)) {
        snapshots.push_back(*keep::parse_pack_id(what->name));
        std::optional<LogOffset> last;
        const std::string why = trouble_of(object->bytes, what->run, last);
        if (last) seen_.known.emplace_back(*last, key);
        if (!why.empty()) wrong(fmt::format("{} {}", key, why));
      } else if (key == keep::manifest_key(what->run)) {
        run = what->run;
        has_manifest = true;
      } else {
        wrong(fmt::format("{} is no object that Telltale writes.", key));
      }
    });
    if (!failed.ok()) return failed;
    verified_.unnamed += snapshots.size();
    Status done = has_manifest ? verify_manifest(run) : Status(Done{});
    return done.ok() ? verify_coverage(keys) : done;
  }

  // Every event that something speaks of is in a block, once the checkpoint says that what stands
  // there is archived.
  Status verify_coverage(const std::vector<std::string>& keys) {
    const std::optional<RunKey> run = RunKey::parse(keys.front().substr(5, kIdLength));
    if (!run) return Done{};
    int partition = partition_of(*run);
    if (const auto open = open_.find(*run); open != open_.end()) {
      partition = open->second.partition;
      seen_.known.push_back(open->second.known);
      open_.erase(open);
    }
    const std::vector<std::string> missing =
        missing_blocks(*run, partition, std::exchange(seen_, {}));
    if (missing.empty()) return Done{};
    // Of one that is being deleted the blocks go first.
    std::set<std::string> there;
    const Status listed = store_.each(keep::event_blocks_prefix(*run),
                                      [&](const auto& object) { there.insert(object.key); });
    if (!listed.ok()) return listed;
    const bool deleted = std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
      return key.find("/events/") != std::string::npos && there.count(key) == 0;
    });
    for (const std::string& sentence : missing) {
      if (!deleted) wrong(sentence);
    }
    return Done{};
  }

  std::vector<std::string> missing_blocks(const RunKey& run, int partition,
                                          const Seen& seen) const {
    std::vector<std::string> missing;
    const auto archived = archived_.find(partition);
    if (seen.damaged || archived == archived_.end()) return missing;
    const auto& [next, gaps] = archived->second;
    std::set<LogOffset> told;
    for (const auto& [event, where] : seen.known) {
      if (event >= next || within(gaps, event) || within(seen.blocks, event)) continue;
      if (!told.insert(event).second) continue;
      missing.push_back(fmt::format(
          "Run {}: a block of events is missing: {} speaks of the event at offset {}, which is in "
          "none that is there. A run that was deleted and went on has this, too.",
          run.text(), where, to_number(event)));
    }
    return missing;
  }

  // A log has a checkpoint for each of its partitions.
  int partition_of(const RunKey& run) const {
    if (archived_.empty()) return -1;
    const auto partitions = static_cast<std::uint32_t>(archived_.rbegin()->first) + 1;
    return static_cast<int>((murmur2(run.text()) & 0x7fffffffU) % partitions);
  }

  Status verify_manifest(const RunKey& run) {
    const std::string key = keep::manifest_key(run);
    for (int attempt = 1;; ++attempt) {
      const Result<ports::Object> object = store_.get(key);
      if (!object.ok())
        return object.error().code == ErrorCode::not_found ? Status(Done{}) : object.error();
      const Result<keep::Manifest> manifest = keep::decode_manifest(object->bytes);
      if (!manifest.ok()) {
        wrong(fmt::format("{}: {}", key, manifest.error().message));
        return Done{};
      }
      const std::string snapshot = keep::snapshot_key(run, manifest->snapshot);
      const Result<ports::Object> there = store_.get(snapshot, {0, 1});
      if (there.ok()) {
        if (verified_.unnamed > 0) --verified_.unnamed;
        return Done{};
      }
      if (there.error().code != ErrorCode::not_found) return there.error();
      if (attempt < kAttempts) continue;
      wrong(fmt::format("{} names {}, which is not there.", key, snapshot));
      return Done{};
    }
  }

  void verify_block(const std::string& key, const RunObject& what, const std::string& bytes) {
    const auto id = keep::parse_event_block_id(what.name);
    const Result<keep::EventBlock> block = keep::decode_event_block(bytes);
    ++verified_.event_blocks;
    seen_.damaged |= !id || !block.ok();
    if (!id) {
      wrong(fmt::format("{} is no object that Telltale writes.", key));
    } else if (!block.ok()) {
      wrong(fmt::format("{} is damaged: {}", key, block.error().message));
    } else if (block->run() != what.run || block->first() != id->first) {
      wrong(fmt::format("{} holds the events of run {} from offset {} on.", key,
                        block->run().text(), to_number(block->first())));
    } else {
      verified_.events += block->events().size();
      seen_.blocks.push_back({block->first(), next(block->last())});
      if (block->after()) seen_.known.emplace_back(*block->after(), key);
    }
  }

  StoreCaller& store_;
  const VerifyReport& report_;
  Verified verified_;
  struct OpenRun {
    int partition = 0;
    std::pair<LogOffset, std::string> known;  // as Seen has it
  };
  std::map<int, keep::Archived> archived_;  // by partition
  std::map<RunKey, OpenRun> open_;          // by checkpoints, not looked at otherwise yet
  Seen seen_;                               // of the run looked at
};

}  // namespace

Result<Verified> verify(StoreCaller& store, const VerifyReport& report) {
  return Verifier(store, report).run();
}

}  // namespace telltale::admin
