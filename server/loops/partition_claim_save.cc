// PartitionClaim::save(): packs and manifests first, then the checkpoint that names them.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/limits.h"
#include "loops/partition_claim.h"

namespace telltale::loops {
namespace {

// Of a pack or a snapshot: its name was never given out before, so the store means itself.
Error not_lost(Error error) {
  if (error.code == ErrorCode::precondition_failed) error.code = ErrorCode::unavailable;
  return error;
}

}  // namespace

struct PartitionClaim::Saving {
  keep::Checkpoint checkpoint;  // to be put last
  std::vector<RunKey> runs;
  std::size_t encoded = 0;  // of them
  Encode encode;
  std::string pack;  // being filled
  std::vector<std::pair<RunKey, keep::SnapshotPlace>> in_pack;
  bool quiet_chosen = false;
  std::vector<std::pair<RunKey, keep::SnapshotPlace>> quiet;  // to leave the checkpoint
  int calls = 0;                                              // of the store, under way
  Status status = Done{};
  Answer done;
};

// A run that leaves the checkpoint: its snapshot, then the manifest that names it.
struct PartitionClaim::Closing {
  SavingPtr saving;
  RunKey run;
  keep::PackId snapshot;
};

void PartitionClaim::save(LogOffset next, keep::Archived archived, std::vector<RunKey> runs,
                          Encode encode, Answer done) {
  auto saving = std::make_shared<Saving>();
  saving->checkpoint = checkpoint_;
  saving->checkpoint.next = next;
  saving->checkpoint.archived = std::move(archived);
  saving->runs = std::move(runs);
  saving->encode = std::move(encode);
  saving->done = std::move(done);
  go_on(saving);
}

void PartitionClaim::go_on(const SavingPtr& saving) {
  Saving& s = *saving;
  while (s.status.ok() && s.calls < limits::kStoreCalls) {
    if (s.pack.size() >= limits::kPackBytes || (s.encoded == s.runs.size() && !s.pack.empty())) {
      put_pack(saving);
    } else if (s.encoded < s.runs.size()) {
      const RunKey& run = s.runs[s.encoded++];
      Result<Snapshot> snapshot = s.encode(run);
      if (!snapshot.ok()) {
        leave_out(saving, run);
      } else if (snapshot->ended) {
        close_run(saving, run, std::move(snapshot->bytes));
      } else {
        s.in_pack.push_back({run, {{}, s.pack.size(), snapshot->bytes.size()}});
        s.pack += snapshot->bytes;
      }
    } else if (!s.quiet_chosen) {
      choose_quiet(s);
    } else if (!s.quiet.empty()) {
      const RunKey run = s.quiet.back().first;
      move_out(saving, run);
    } else {
      break;
    }
  }
  if (s.calls > 0) return;
  if (s.status.ok()) {
    put_checkpoint(saving);
  } else {
    s.done(s.status);
  }
}

void PartitionClaim::step_done(const SavingPtr& saving, const Status& status) {
  --saving->calls;
  if (!status.ok() && saving->status.ok()) saving->status = status;
  go_on(saving);
}

void PartitionClaim::put_pack(const SavingPtr& saving) {
  const keep::PackId id{checkpoint_.generation, ++numbers_};
  packs_[id] = loop_.steady_us();
  for (auto& [run, place] : saving->in_pack) {
    place.pack = id;
    saving->checkpoint.runs[run] = place;
  }
  saving->in_pack.clear();
  ++saving->calls;
  auto put = [this, saving](Result<std::string> etag) {
    step_done(saving, etag.ok() ? Status(Done{}) : not_lost(etag.error()));
  };
  store_.put(keep::pack_key(partition_, id), std::exchange(saving->pack, {}),
             ports::Condition::absent(), alive_.answer<Result<std::string>>(loop_, put));
}

// After every pack of this checkpoint has its name, so that what changed is not quiet.
void PartitionClaim::choose_quiet(Saving& saving) const {
  saving.quiet_chosen = true;
  const auto& open = saving.checkpoint.runs;
  std::size_t too_many = open.size() - std::min(open.size(), limits::kCheckpointRuns);
  const std::int64_t before_us = loop_.steady_us() - limits::kQuietRunUs;
  std::vector<std::pair<keep::PackId, RunKey>> oldest;
  for (const auto& [run, place] : open) {
    if (too_many > 0 || packs_.at(place.pack) < before_us) oldest.emplace_back(place.pack, run);
  }
  std::sort(oldest.begin(), oldest.end());
  for (const auto& [pack, run] : oldest) {
    if (saving.quiet.size() == limits::kRunsMovedOut) break;
    if (too_many == 0 && packs_.at(pack) >= before_us) break;
    saving.quiet.emplace_back(run, open.at(run));
    too_many -= std::min<std::size_t>(too_many, 1);
  }
}

void PartitionClaim::move_out(const SavingPtr& saving, const RunKey& run) {
  const keep::SnapshotPlace place = saving->quiet.back().second;
  saving->quiet.pop_back();
  ++saving->calls;
  auto read = [this, saving, run](Result<ports::Object> object) {
    if (object.ok()) {
      close_run(saving, run, std::move(object->bytes));
      step_done(saving, Done{});
    } else if (object.error().code == ErrorCode::not_found) {
      spdlog::error("fold: the pack of run {} is lost", run.text());
      step_done(saving, Done{});  // the others are worth a checkpoint all the same
    } else {
      step_done(saving, object.error());
    }
  };
  store_.get(keep::pack_key(partition_, place.pack), {place.offset, place.length},
             alive_.answer<Result<ports::Object>>(loop_, read));
}

// An older snapshot would be taken for one that has every event before the checkpoint. One in a
// pack is not named any more; a manifest goes first.
void PartitionClaim::leave_out(const SavingPtr& saving, const RunKey& run) {
  saving->checkpoint.runs.erase(run);
  ++saving->calls;
  auto removed = [this, saving](Status status) { step_done(saving, status); };
  store_.remove(keep::manifest_key(run), alive_.answer<Status>(loop_, removed));
}

void PartitionClaim::close_run(const SavingPtr& saving, const RunKey& run, std::string bytes) {
  auto closing = std::make_shared<Closing>();
  closing->saving = saving;
  closing->run = run;
  closing->snapshot = {checkpoint_.generation, ++numbers_};
  saving->checkpoint.runs.erase(run);
  ++saving->calls;
  auto put = [this, closing](Result<std::string> etag) {
    if (etag.ok()) {
      put_manifest(closing, ports::Condition::absent());
    } else {
      step_done(closing->saving, not_lost(etag.error()));
    }
  };
  store_.put(keep::snapshot_key(run, closing->snapshot), std::move(bytes),
             ports::Condition::absent(), alive_.answer<Result<std::string>>(loop_, put));
}

void PartitionClaim::put_manifest(const ClosingPtr& closing, ports::Condition condition) {
  auto put = [this, closing](Result<std::string> etag) {
    if (etag.ok()) {
      remove_older_snapshots(closing);
    } else if (etag.error().code == ErrorCode::precondition_failed) {
      replace_manifest(closing);
    } else {
      step_done(closing->saving, etag.error());
    }
  };
  store_.put(keep::manifest_key(closing->run), keep::encode_manifest({closing->snapshot}),
             std::move(condition), alive_.answer<Result<std::string>>(loop_, put));
}

// There is one already: of the last time this run left a checkpoint, or of a holder that does not
// know yet that it lost the partition, or of the one we lost it to.
void PartitionClaim::replace_manifest(const ClosingPtr& closing) {
  auto read = [this, closing](Result<ports::Object> object) {
    if (!object.ok()) {
      step_done(closing->saving, object.error());
      return;
    }
    const Result<keep::Manifest> found = keep::decode_manifest(object->bytes);
    if (found.ok() && found->snapshot.generation > checkpoint_.generation) {
      step_done(closing->saving,
                Error{ErrorCode::precondition_failed,
                      fmt::format("run {} has a manifest of generation {} already, ours was {}",
                                  closing->run.text(), found->snapshot.generation,
                                  checkpoint_.generation)});
      return;
    }
    put_manifest(closing, ports::Condition::matches(object->etag));
  };
  store_.get(keep::manifest_key(closing->run), {},
             alive_.answer<Result<ports::Object>>(loop_, read));
}

// Only older ones: a later holder's snapshot may lie there by now.
void PartitionClaim::remove_older_snapshots(const ClosingPtr& closing) {
  const std::string prefix = keep::snapshots_prefix(closing->run);
  auto listed = [this, closing, prefix](Result<std::vector<ports::ObjectInfo>> found) {
    if (found.ok()) {
      for (const ports::ObjectInfo& object : found.value()) {
        const auto id = keep::parse_pack_id(std::string_view(object.key).substr(prefix.size()));
        if (id && *id < closing->snapshot)
          store_.remove(object.key, alive_.answer<Status>(loop_, [](Status) {}));
      }
    }
    step_done(closing->saving, Done{});  // what is left is removed with the next one
  };
  store_.list(prefix, {}, limits::kSweepKeys,
              alive_.answer<Result<std::vector<ports::ObjectInfo>>>(loop_, listed));
}

void PartitionClaim::put_checkpoint(const SavingPtr& saving) {
  auto put = [this, saving](Result<std::string> etag) {
    if (etag.ok()) {
      saved(saving, etag.take());
    } else if (etag.error().code == ErrorCode::precondition_failed) {
      // Lost, or a write of our own that was kept and not answered.
      confirm([this, saving](Status status) {
        if (!status.ok() || checkpoint_ == saving->checkpoint) {
          saving->done(std::move(status));
        } else {
          saving->done(Error{ErrorCode::unavailable, "an earlier write was kept unanswered"});
        }
      });
    } else {
      saving->done(etag.error());
    }
  };
  store_.put(keep::checkpoint_key(partition_), keep::encode_checkpoint(saving->checkpoint),
             ports::Condition::matches(etag_), alive_.answer<Result<std::string>>(loop_, put));
}

void PartitionClaim::saved(const SavingPtr& saving, std::string etag) {
  checkpoint_ = std::move(saving->checkpoint);
  etag_ = std::move(etag);
  confirmed_at_us_ = loop_.steady_us();
  remove_unused_packs();
  saving->done(Done{});
}

}  // namespace telltale::loops
