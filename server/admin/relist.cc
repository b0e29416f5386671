#include "admin/relist.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/wait_for.h"
#include "fold/snapshot.h"
#include "fold/view_encoder.h"
#include "keep/refold.h"
#include "schema/view.pb.h"

namespace telltale::admin {
namespace {

constexpr std::size_t kAtATime = 100;  // summaries of one append

class Relister {
 public:
  Relister(StoreCaller& store, const Inventory& inventory) : store_(store), inventory_(inventory) {}

  Result<fold::RunView> view_of(const RunKey& run) {
    const auto snapshot = snapshot_of(run);
    if (snapshot.ok()) {
      Result<fold::RunView> view = fold::decode(snapshot->bytes);
      if (view.ok()) return view;
    }
    return wait_for<Result<fold::RunView>>(store_.loop(), [&](auto done) {
      keep::refold(store_.loop(), store_.store(), counters_, run, LogOffset{UINT64_MAX}, {},
                   std::move(done));
    });
  }

 private:
  Result<ports::Object> snapshot_of(const RunKey& run) {
    for (const auto& [partition, state] : inventory_.partitions) {
      const auto open = state.checkpoint.runs.find(run);
      if (open == state.checkpoint.runs.end()) continue;
      const keep::SnapshotPlace& place = open->second;
      return store_.get(keep::pack_key(partition, place.pack), {place.offset, place.length});
    }
    const auto manifest = store_.get(keep::manifest_key(run));
    if (!manifest.ok()) return manifest.error();
    const auto named = keep::decode_manifest(manifest->bytes);
    if (!named.ok()) return named.error();
    return store_.get(keep::snapshot_key(run, named->snapshot));
  }

  StoreCaller& store_;
  const Inventory& inventory_;
  Counters counters_;  // of folding again; nobody looks
};

Status append(ports::Runtime& loop, ports::Log& log, std::vector<ports::Record> summaries) {
  const auto appended = wait_for<Result<ports::Appended>>(loop, [&](auto done) {
    log.append(ports::kRunsTopic, std::move(summaries), {loop, std::move(done)});
  });
  return appended.ok() ? Status(Done{}) : appended.error();
}

}  // namespace

std::map<int, LogOffset> reach_of(const Inventory& inventory) {
  std::map<int, LogOffset> reach;
  for (const auto& [partition, state] : inventory.partitions)
    reach[partition] = std::max(state.checkpoint.next, state.checkpoint.archived.next);
  return reach;
}

Result<Relisted> relist(StoreCaller& store, ports::Log& log, const Inventory& inventory,
                        const Catalogue& catalogue, bool all,
                        const std::function<void(const std::string&)>& say) {
  Relister relister(store, inventory);
  Relisted relisted;
  std::vector<ports::Record> summaries;
  for (const auto& [run, objects] : inventory.runs) {
    if (!all && catalogue.count(run) > 0) continue;
    const Result<fold::RunView> view = relister.view_of(run);
    if (!view.ok() || view->empty()) {
      ++relisted.left;
      say(fmt::format("Run {} is not listed: {}", run.text(),
                      view.ok() ? "the store has none of its events." : view.error().message));
      continue;
    }
    summaries.push_back({run.text(), fold::encode_summary(view.value()).SerializeAsString(),
                         to_number(store.loop().now())});
    ++relisted.runs;
    if (summaries.size() < kAtATime) continue;
    if (Status kept = append(store.loop(), log, std::exchange(summaries, {})); !kept.ok())
      return kept.error();
  }
  if (summaries.empty()) return relisted;
  const Status kept = append(store.loop(), log, std::move(summaries));
  if (!kept.ok()) return kept.error();
  return relisted;
}

}  // namespace telltale::admin
