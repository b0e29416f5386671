#include "admin/removal.h"

#include <fmt/format.h>

#include <charconv>

#include "admin/wait_for.h"
#include "fold/snapshot.h"
#include "keep/refold.h"

namespace telltale::admin {
namespace {

constexpr int kAttempts = 5;  // of taking a run out of a checkpoint that is being written

class Remover {
 public:
  Remover(StoreCaller& store, const Inventory& inventory, const Catalogue& catalogue,
          const RemovalRequest& request, const std::function<void(const std::string&)>& say,
          Removal& removed)
      : store_(store),
        inventory_(inventory),
        catalogue_(catalogue),
        request_(request),
        say_(say),
        removed_(removed) {}

  Status run() { return request_.run ? remove_one(*request_.run) : remove_old(); }

 private:
  Status remove_one(const RunKey& run) {
    const auto found = inventory_.runs.find(run);
    if (found == inventory_.runs.end()) {
      if (catalogue_.count(run) == 0)
        return Error{ErrorCode::not_found, fmt::format("There is no run {}.", run.text())};
      say_(fmt::format("Run {} has nothing in the store, only its line in the list.", run.text()));
      removed_.runs.push_back(run);
      return Done{};
    }
    const Result<std::string> reason = reason_to_keep(run, found->second);
    if (!reason.ok()) return reason.error();
    if (!reason->empty() && !request_.force) {
      return Error{ErrorCode::precondition_failed,
                   fmt::format("Run {} {}. With --force it is deleted all the same; what comes of "
                               "it later shows it again.",
                               run.text(), *reason)};
    }
    return remove(run, found->second);
  }

  Status remove_old() {
    for (const auto& [run, objects] : inventory_.runs) {
      const bool old =
          objects.written_at_us > 0 && objects.written_at_us < *request_.written_before_us;
      if (!old) continue;
      const Result<std::string> reason = reason_to_keep(run, objects);
      if (!reason.ok()) return reason.error();
      if (!reason->empty() && !request_.force) {
        ++removed_.left;
        say_(fmt::format("Run {} is left: it {}.", run.text(), *reason));
        continue;
      }
      const Status done = remove(run, objects);
      if (!done.ok()) return done;
    }
    return Done{};
  }

  // Empty for one that has ended.
  Result<std::string> reason_to_keep(const RunKey& run, const RunObjects& objects) {
    if (objects.open)
      return std::string("still stands in a checkpoint: it goes on, or ended just now");
    const Result<fold::State> state = state_of(run);
    if (!state.ok()) return state.error();
    if (fold::has_ended(state.value())) return std::string();
    return fmt::format("has not ended, it is {}", fold::name_of(state.value()));
  }

  // By the list; else by its snapshot, or its events where that is none of this version.
  Result<fold::State> state_of(const RunKey& run) {
    if (const auto listed = catalogue_.find(run); listed != catalogue_.end())
      return listed->second.state;
    const Result<ports::Object> manifest = store_.get(keep::manifest_key(run));
    if (manifest.ok()) {
      const auto named = keep::decode_manifest(manifest->bytes);
      const auto snapshot = named.ok() ? store_.get(keep::snapshot_key(run, named->snapshot))
                                       : Result<ports::Object>(named.error());
      const auto view =
          snapshot.ok() ? fold::decode(snapshot->bytes) : Result<fold::RunView>(snapshot.error());
      if (view.ok()) return view->header().state;
    } else if (manifest.error().code != ErrorCode::not_found) {
      return manifest.error();
    }
    const auto view = wait_for<Result<fold::RunView>>(store_.loop(), [&](auto done) {
      keep::refold(store_.loop(), store_.store(), counters_, run, LogOffset{UINT64_MAX}, {},
                   std::move(done));
    });
    if (!view.ok()) return view.error();
    return view->header().state;
  }

  Status remove(const RunKey& run, const RunObjects& objects) {
    say_(fmt::format("Run {}: {} objects, {} bytes{}.", run.text(), objects.objects, objects.bytes,
                     request_.dry_run ? " would be removed" : " are removed"));
    if (!request_.dry_run) {
      Status done = remove_objects(run);
      if (done.ok() && objects.open) done = take_out_of_checkpoint(run);
      if (!done.ok()) return done;
    }
    removed_.runs.push_back(run);
    removed_.objects += objects.objects;
    removed_.bytes += objects.bytes;
    return Done{};
  }

  // In the order of their keys: events, then the manifest, then its snapshots. Where it is cut
  // short, the run is shown whole until its manifest is gone, and not at all after that.
  Status remove_objects(const RunKey& run) {
    Status done = Done{};
    const Status listed =
        store_.each("runs/" + run.text() + "/", [&](const ports::ObjectInfo& object) {
          if (done.ok()) done = store_.remove(object.key);
        });
    return listed.ok() ? done : listed;
  }

  // A fold worker that holds the partition reads its checkpoint again when its next write over it
  // fails, and goes on from this one.
  Status take_out_of_checkpoint(const RunKey& run) {
    for (const auto& [partition, state] : inventory_.partitions) {
      if (state.checkpoint.runs.count(run) == 0) continue;
      const Status done = rewrite_checkpoint(partition, run);
      if (!done.ok()) return done;
    }
    return Done{};
  }

  Status rewrite_checkpoint(int partition, const RunKey& run) {
    const std::string key = keep::checkpoint_key(partition);
    for (int attempt = 1;; ++attempt) {
      const Result<ports::Object> object = store_.get(key);
      if (!object.ok()) return object.error();
      Result<keep::Checkpoint> checkpoint = keep::decode_checkpoint(object->bytes);
      if (!checkpoint.ok()) return checkpoint.error();
      if (checkpoint->runs.erase(run) == 0) return Done{};
      const Result<std::string> put = store_.put(key, keep::encode_checkpoint(checkpoint.value()),
                                                 ports::Condition::matches(object->etag));
      if (put.ok()) return Done{};
      if (put.error().code != ErrorCode::precondition_failed || attempt == kAttempts)
        return put.error();
    }
  }

  StoreCaller& store_;
  const Inventory& inventory_;
  const Catalogue& catalogue_;
  const RemovalRequest& request_;
  const std::function<void(const std::string&)>& say_;
  Removal& removed_;
  Counters counters_;  // of folding again; nobody looks
};

}  // namespace

Status remove_runs(StoreCaller& store, const Inventory& inventory, const Catalogue& catalogue,
                   const RemovalRequest& request,
                   const std::function<void(const std::string&)>& say, Removal& removed) {
  return Remover(store, inventory, catalogue, request, say, removed).run();
}

Result<std::int64_t> parse_age(const std::string& text) {
  constexpr std::int64_t kSecondUs = 1'000'000;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  const std::int64_t seconds = unit == "d"   ? 86'400
                               : unit == "h" ? 3'600
                               : unit == "m" ? 60
                               : unit == "s" ? 1
                                             : 0;
  constexpr std::int64_t kMax = 100'000;  // days, some 270 years; and the product fits
  if (error != std::errc{} || number < 0 || number > kMax * 86'400 || seconds == 0 ||
      number * seconds > kMax * 86'400) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} is no age like 30d, 12h, 90m or 45s.", text)};
  }
  return number * seconds * kSecondUs;
}

}  // namespace telltale::admin
