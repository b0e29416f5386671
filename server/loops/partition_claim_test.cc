#include "loops/partition_claim.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "fold/snapshot.h"
#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"
#include "store/memory_store.h"

namespace telltale::loops {
namespace {

constexpr int kPartition = 3;

RunKey run_key(int number) { return make_run_key("test", "", std::to_string(number), ""); }

// A run of one event, at `offset`.
fold::RunView view_of(int number, std::uint64_t offset) {
  fold::RunView view(run_key(number));
  schema::Event event;
  event.set_id("event");
  event.set_run_key(view.key().text());
  event.mutable_run_state()->set_name("run");
  view.apply(LogOffset{offset}, event);
  return view;
}

class PartitionClaimTest : public testing::Test {
 protected:
  using Views = std::vector<fold::RunView>;

  Status claim(PartitionClaim& holder) {
    return answer([&](auto done) { holder.claim(std::move(done)); });
  }
  Status confirm(PartitionClaim& holder) {
    return answer([&](auto done) { holder.confirm(std::move(done)); });
  }
  Status save(PartitionClaim& holder, std::uint64_t next, const Views& views, bool ended = false) {
    std::vector<RunKey> runs;
    for (const fold::RunView& view : views) runs.push_back(view.key());
    const auto encode = [&](const RunKey& key) {
      for (const fold::RunView& view : views) {
        if (view.key() == key) return PartitionClaim::Snapshot{*fold::encode(view), ended};
      }
      return PartitionClaim::Snapshot{};
    };
    return answer(
        [&](auto done) { holder.save(LogOffset{next}, archived_, runs, encode, std::move(done)); });
  }
  std::string load(PartitionClaim& holder, int run) {
    std::string bytes = "no answer";
    holder.load(run_key(run), [&](Result<std::optional<fold::RunView>> view) {
      bytes = !view.ok()           ? view.error().message
              : !view->has_value() ? "none"
                                   : *fold::encode(**view);
    });
    loop_.run_until_idle();
    return bytes;
  }
  std::vector<std::string> keys(const std::string& prefix) {
    std::vector<std::string> keys;
    store_.list(prefix, {}, 100, {loop_, [&](Result<std::vector<ports::ObjectInfo>> found) {
                                    for (const auto& object : found.value())
                                      keys.push_back(object.key);
                                  }});
    loop_.run_until_idle();
    return keys;
  }
  keep::Checkpoint checkpoint() {
    keep::Checkpoint found;
    store_.get(keep::checkpoint_key(kPartition), {},
               {loop_, [&](Result<ports::Object> object) {
                  found = keep::decode_checkpoint(object->bytes).take();
                }});
    loop_.run_until_idle();
    return found;
  }

  void put_checkpoint(std::string bytes) {
    store_.put(keep::checkpoint_key(kPartition), std::move(bytes), {},
               {loop_, [](Result<std::string>) {}});
  }

  runtime::SimRuntime loop_{1};
  store::MemoryStore store_;
  ports::FaultyStore faulty_{store_, loop_};
  keep::Archived archived_;

 private:
  template <typename Ask>
  Status answer(Ask ask) {
    Status answered = Error{ErrorCode::internal, "no answer"};
    ask([&](Status status) { answered = std::move(status); });
    loop_.run_until_idle();
    return answered;
  }
};

TEST_F(PartitionClaimTest, WhoComesNextGoesOnUnderTheNextGeneration) {
  PartitionClaim first(loop_, store_, kPartition);
  ASSERT_TRUE(claim(first).ok());
  EXPECT_EQ(first.next(), LogOffset{0});
  const fold::RunView view = view_of(1, 6);
  ASSERT_TRUE(save(first, 7, {view}).ok());
  PartitionClaim second(loop_, store_, kPartition);
  ASSERT_TRUE(claim(second).ok());
  EXPECT_EQ(second.next(), LogOffset{7});
  EXPECT_EQ(second.generation(), first.generation() + 1);
  EXPECT_EQ(load(second, 1), *fold::encode(view));
  EXPECT_EQ(load(second, 2), "none");
}

TEST_F(PartitionClaimTest, TheOneOfTheLowerGenerationLosesWhateverItDoes) {
  PartitionClaim first(loop_, store_, kPartition);
  PartitionClaim second(loop_, store_, kPartition);
  ASSERT_TRUE(claim(first).ok() && claim(second).ok());
  EXPECT_EQ(confirm(first).error().code, ErrorCode::precondition_failed);
  EXPECT_EQ(save(first, 7, {view_of(1, 6)}).error().code, ErrorCode::precondition_failed);
  EXPECT_TRUE(confirm(second).ok());
  EXPECT_TRUE(save(second, 9, {view_of(1, 8)}).ok());
  EXPECT_EQ(checkpoint().next, LogOffset{9});
}

TEST_F(PartitionClaimTest, ALateManifestDoesNotReplaceANewerOne) {
  PartitionClaim first(loop_, store_, kPartition);
  PartitionClaim second(loop_, store_, kPartition);
  ASSERT_TRUE(claim(first).ok() && claim(second).ok());
  const fold::RunView newer = view_of(1, 8);
  ASSERT_TRUE(save(second, 9, {newer}, true).ok());
  EXPECT_EQ(save(first, 7, {view_of(1, 6)}, true).error().code, ErrorCode::precondition_failed);
  EXPECT_EQ(load(second, 1), *fold::encode(newer));
}

TEST_F(PartitionClaimTest, AWriteThatWasKeptAndNotAnsweredIsNotTakenForAnother) {
  PartitionClaim holder(loop_, faulty_, kPartition);
  ASSERT_TRUE(claim(holder).ok());
  faulty_.faults.lose_answer_percent = 100;
  EXPECT_EQ(save(holder, 7, {}).error().code, ErrorCode::unavailable);
  faulty_.faults.lose_answer_percent = 0;
  EXPECT_EQ(save(holder, 8, {view_of(1, 7)}).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(save(holder, 8, {view_of(1, 7)}).ok());
  EXPECT_EQ(checkpoint().next, LogOffset{8});
}

TEST_F(PartitionClaimTest, RunsThatEndLeaveTheCheckpointAndPacksThatNobodyNamesGo) {
  PartitionClaim holder(loop_, store_, kPartition);
  ASSERT_TRUE(claim(holder).ok());
  ASSERT_TRUE(save(holder, 3, {view_of(1, 1), view_of(2, 2)}).ok());
  ASSERT_TRUE(save(holder, 4, {view_of(1, 3)}).ok());
  EXPECT_EQ(keys(keep::packs_prefix(kPartition)).size(), 2U);  // run 2 lies in the first one
  const fold::RunView over = view_of(2, 4);
  ASSERT_TRUE(save(holder, 5, {over}, true).ok());
  EXPECT_EQ(checkpoint().runs.size(), 1U);
  EXPECT_EQ(keys(keep::packs_prefix(kPartition)).size(), 1U);
  EXPECT_EQ(load(holder, 2), *fold::encode(over));
  // It goes on after all, and ends again.
  const fold::RunView again = view_of(2, 6);
  ASSERT_TRUE(save(holder, 7, {again}, true).ok());
  EXPECT_EQ(keys(keep::snapshots_prefix(run_key(2))).size(), 1U);
  EXPECT_EQ(load(holder, 2), *fold::encode(again));
}

TEST_F(PartitionClaimTest, ARunWithoutNewsGetsAManifest) {
  PartitionClaim holder(loop_, store_, kPartition);
  ASSERT_TRUE(claim(holder).ok());
  const fold::RunView quiet = view_of(1, 1);
  ASSERT_TRUE(save(holder, 2, {quiet}).ok());
  loop_.advance(limits::kQuietRunUs + 1);
  ASSERT_TRUE(save(holder, 3, {view_of(2, 2)}).ok());
  EXPECT_EQ(checkpoint().runs.count(run_key(1)), 0U);
  EXPECT_EQ(checkpoint().runs.count(run_key(2)), 1U);
  EXPECT_EQ(load(holder, 1), *fold::encode(quiet));
}

TEST_F(PartitionClaimTest, WhatACrashLeftIsRemovedByWhoComesNext) {
  PartitionClaim first(loop_, store_, kPartition);
  ASSERT_TRUE(claim(first).ok());
  ASSERT_TRUE(save(first, 3, {view_of(1, 1)}).ok());
  const std::string orphan = keep::pack_key(kPartition, {first.generation(), 99});
  store_.put(orphan, "no checkpoint names this", {}, {loop_, [](Result<std::string>) {}});
  PartitionClaim second(loop_, store_, kPartition);
  ASSERT_TRUE(claim(second).ok());
  EXPECT_EQ(keys(keep::packs_prefix(kPartition)),
            std::vector<std::string>{keep::pack_key(kPartition, {first.generation(), 1})});
}

TEST_F(PartitionClaimTest, WithoutAReadableCheckpointAllIsFoldedAgain) {
  PartitionClaim first(loop_, store_, kPartition);
  ASSERT_TRUE(claim(first).ok());
  ASSERT_TRUE(save(first, 3, {view_of(1, 1)}, true).ok());
  loop_.advance(2'000'000);
  put_checkpoint("telltale checkpoint 1\nnext 3\nfold_version 1\n");
  PartitionClaim second(loop_, store_, kPartition);
  ASSERT_TRUE(claim(second).ok());
  EXPECT_EQ(second.next(), LogOffset{0});
  EXPECT_GT(second.generation(), first.generation());
  // Its manifest is of before.
  EXPECT_EQ(load(second, 1), "none");
}

TEST_F(PartitionClaimTest, WhatIsArchivedIsHandedOnAlsoToAnotherVersionOfTheFold) {
  PartitionClaim first(loop_, store_, kPartition);
  ASSERT_TRUE(claim(first).ok());
  archived_ = {LogOffset{5}, {{LogOffset{0}, LogOffset{2}}}};
  ASSERT_TRUE(save(first, 7, {view_of(1, 6)}).ok());
  PartitionClaim second(loop_, store_, kPartition);
  ASSERT_TRUE(claim(second).ok());
  EXPECT_EQ(second.archived(), archived_);
  keep::Checkpoint older = checkpoint();
  --older.fold_version;
  put_checkpoint(keep::encode_checkpoint(older));
  PartitionClaim third(loop_, store_, kPartition);
  ASSERT_TRUE(claim(third).ok());
  EXPECT_EQ(third.next(), LogOffset{0});
  EXPECT_EQ(third.archived(), archived_);
  EXPECT_EQ(load(third, 1), "none");
}

TEST_F(PartitionClaimTest, ASnapshotThatIsLostOrDamagedIsNone) {
  PartitionClaim holder(loop_, store_, kPartition);
  ASSERT_TRUE(claim(holder).ok());
  ASSERT_TRUE(save(holder, 7, {view_of(1, 6)}).ok());
  const std::string pack = keys(keep::packs_prefix(kPartition)).front();
  store_.put(pack, "damaged", {}, {loop_, [](Result<std::string>) {}});
  EXPECT_EQ(load(holder, 1), "none");
  store_.remove(pack, {loop_, [](Status) {}});
  EXPECT_EQ(load(holder, 1), "none");
}

// The older one lacks what came since, and would be taken for whole.
TEST_F(PartitionClaimTest, ARunWhoseSnapshotIsRefusedKeepsNoOlderOne) {
  const auto refuse = [](const RunKey&) -> Result<PartitionClaim::Snapshot> {
    return Error{ErrorCode::too_large, "too large"};
  };
  PartitionClaim holder(loop_, store_, kPartition);
  ASSERT_TRUE(claim(holder).ok());
  ASSERT_TRUE(save(holder, 3, {view_of(1, 1), view_of(2, 2)}).ok());
  ASSERT_TRUE(save(holder, 4, {view_of(2, 3)}, true).ok());
  ASSERT_EQ(load(holder, 1), *fold::encode(view_of(1, 1)));
  ASSERT_EQ(load(holder, 2), *fold::encode(view_of(2, 3)));
  Status saved = Error{ErrorCode::internal, "no answer"};
  holder.save(LogOffset{6}, archived_, {run_key(1), run_key(2)}, refuse,
              [&](Status status) { saved = std::move(status); });
  loop_.run_until_idle();
  EXPECT_TRUE(saved.ok());
  EXPECT_EQ(checkpoint().next, LogOffset{6});
  EXPECT_EQ(load(holder, 1), "none");
  EXPECT_EQ(load(holder, 2), "none");
}

}  // namespace
}  // namespace telltale::loops
