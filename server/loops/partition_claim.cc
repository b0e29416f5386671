#include "loops/partition_claim.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/limits.h"
#include "fold/snapshot.h"

namespace telltale::loops {
namespace {

// A place that moves while it is read moves once a checkpoint at most.
constexpr int kLoadAttempts = 3;

Error lost(int partition, std::uint64_t ours, std::uint64_t theirs) {
  return {ErrorCode::precondition_failed,
          fmt::format("partition {} is held under generation {} now, ours was {}", partition,
                      theirs, ours)};
}

}  // namespace

PartitionClaim::PartitionClaim(ports::Runtime& loop, ports::Store& store, int partition)
    : loop_(loop), store_(store), partition_(partition) {}

void PartitionClaim::claim(Answer done) {
  auto read = [this, done = std::move(done)](Result<ports::Object> object) mutable {
    if (!object.ok() && object.error().code != ErrorCode::not_found) {
      done(object.error());
      return;
    }
    const Result<keep::Checkpoint> found = object.ok() ? keep::decode_checkpoint(object->bytes)
                                                       : Result<keep::Checkpoint>(object.error());
    keep::Checkpoint checkpoint;
    if (found.ok()) {
      checkpoint = found.value();
      ++checkpoint.generation;
    } else {
      // Above whatever it was before, as long as nobody claims more than once a second.
      checkpoint.generation = static_cast<std::uint64_t>(to_number(loop_.now()) / 1'000'000);
    }
    if (!found.ok() || checkpoint.fold_version != fold::kFoldVersion) {
      if (object.ok())
        spdlog::info("fold: no checkpoint of this version in partition {}, folding it all again",
                     partition_);
      checkpoint.since_generation = checkpoint.generation;
      checkpoint.next = LogOffset{0};
      checkpoint.fold_version = fold::kFoldVersion;
      checkpoint.runs.clear();
    }
    write_claim(std::move(checkpoint),
                object.ok() ? ports::Condition::matches(object->etag) : ports::Condition::absent(),
                std::move(done));
  };
  store_.get(keep::checkpoint_key(partition_), {},
             alive_.answer<Result<ports::Object>>(loop_, std::move(read)));
}

void PartitionClaim::write_claim(keep::Checkpoint checkpoint, ports::Condition condition,
                                 Answer done) {
  std::string bytes = keep::encode_checkpoint(checkpoint);
  auto written = [this, checkpoint = std::move(checkpoint),
                  done = std::move(done)](Result<std::string> etag) mutable {
    if (!etag.ok()) {
      done(etag.error());
      return;
    }
    checkpoint_ = std::move(checkpoint);
    etag_ = etag.take();
    confirmed_at_us_ = loop_.steady_us();
    numbers_ = 0;
    packs_.clear();
    for (const auto& [run, place] : checkpoint_.runs) packs_[place.pack] = confirmed_at_us_;
    sweep_older({});
    done(Done{});
  };
  store_.put(keep::checkpoint_key(partition_), std::move(bytes), std::move(condition),
             alive_.answer<Result<std::string>>(loop_, std::move(written)));
}

void PartitionClaim::confirm(Answer done) {
  auto read = [this, done = std::move(done)](Result<ports::Object> object) mutable {
    if (!object.ok()) {
      const bool gone = object.error().code == ErrorCode::not_found;
      done(gone ? lost(partition_, checkpoint_.generation, 0) : object.error());
      return;
    }
    Result<keep::Checkpoint> found = keep::decode_checkpoint(object->bytes);
    if (!found.ok() || found->generation != checkpoint_.generation) {
      done(lost(partition_, checkpoint_.generation, found.ok() ? found->generation : 0));
      return;
    }
    checkpoint_ = found.take();
    etag_ = object->etag;
    confirmed_at_us_ = loop_.steady_us();
    done(Done{});
  };
  store_.get(keep::checkpoint_key(partition_), {},
             alive_.answer<Result<ports::Object>>(loop_, std::move(read)));
}

// A snapshot on its way into memory.
struct PartitionClaim::Loading {
  RunKey run;
  Loaded done;
  int attempts = 0;
};

void PartitionClaim::load(const RunKey& run, Loaded done) {
  find(std::make_shared<Loading>(Loading{run, std::move(done), 0}));
}

void PartitionClaim::find(const LoadingPtr& loading) {
  const RunKey& run = loading->run;
  if (const auto open = checkpoint_.runs.find(run); open != checkpoint_.runs.end()) {
    const keep::SnapshotPlace& place = open->second;
    load_at(loading, keep::pack_key(partition_, place.pack), {place.offset, place.length});
    return;
  }
  auto read = [this, loading](Result<ports::Object> object) {
    if (!object.ok()) {
      if (object.error().code == ErrorCode::not_found) {
        loading->done(std::optional<fold::RunView>());
      } else {
        loading->done(object.error());
      }
      return;
    }
    const Result<keep::Manifest> manifest = keep::decode_manifest(object->bytes);
    if (!manifest.ok()) {
      not_there(loading, manifest.error());
    } else if (manifest->snapshot.generation < checkpoint_.since_generation) {
      loading->done(std::optional<fold::RunView>());
    } else {
      load_at(loading, keep::snapshot_key(loading->run, manifest->snapshot), {});
    }
  };
  store_.get(keep::manifest_key(run), {},
             alive_.answer<Result<ports::Object>>(loop_, std::move(read)));
}

void PartitionClaim::load_at(const LoadingPtr& loading, std::string key, ports::ByteRange range) {
  auto read = [this, loading](Result<ports::Object> object) {
    if (!object.ok()) {
      if (object.error().code == ErrorCode::not_found) {
        not_there(loading, object.error());
      } else {
        loading->done(object.error());
      }
      return;
    }
    Result<fold::RunView> view = fold::decode(object->bytes);
    if (view.ok()) {
      loading->done(std::make_optional(view.take()));
    } else {
      not_there(loading, view.error());
    }
  };
  store_.get(std::move(key), range, alive_.answer<Result<ports::Object>>(loop_, std::move(read)));
}

// A checkpoint may have moved it meanwhile, one of ours or one of whom we lost the partition to.
void PartitionClaim::not_there(const LoadingPtr& loading, const Error& error) {
  if (++loading->attempts == kLoadAttempts) {
    spdlog::error("fold: the snapshot of run {} is lost: {}", loading->run.text(), error.message);
    loading->done(std::optional<fold::RunView>());
    return;
  }
  confirm([this, loading](Status status) {
    if (status.ok()) {
      find(loading);
    } else {
      loading->done(status.error());
    }
  });
}

void PartitionClaim::remove_unused_packs() {
  std::map<keep::PackId, std::int64_t> unused = packs_;
  for (const auto& [run, place] : checkpoint_.runs) unused.erase(place.pack);
  for (const auto& [pack, put_at_us] : unused) {
    auto removed = [this, pack = pack](Status status) {
      if (status.ok()) packs_.erase(pack);  // else with the next checkpoint
    };
    store_.remove(keep::pack_key(partition_, pack), alive_.answer<Status>(loop_, removed));
  }
}

// What an earlier generation wrote and the checkpoint does not name, no checkpoint ever will.
void PartitionClaim::sweep_older(std::string after) {
  const std::string prefix = keep::packs_prefix(partition_);
  auto listed = [this, prefix](Result<std::vector<ports::ObjectInfo>> found) {
    if (!found.ok()) return;  // with the next claim
    for (const ports::ObjectInfo& object : found.value()) {
      const auto pack = keep::parse_pack_id(std::string_view(object.key).substr(prefix.size()));
      if (!pack || pack->generation >= checkpoint_.generation || packs_.count(*pack) > 0) continue;
      store_.remove(object.key, alive_.answer<Status>(loop_, [](Status) {}));
    }
    if (found->size() == limits::kSweepKeys) sweep_older(found->back().key);
  };
  store_.list(prefix, std::move(after), limits::kSweepKeys,
              alive_.answer<Result<std::vector<ports::ObjectInfo>>>(loop_, std::move(listed)));
}

}  // namespace telltale::loops
