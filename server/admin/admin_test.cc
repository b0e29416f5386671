// Inventory, verification and removal over a store of three runs: one that ended, one that is quiet
// and one that goes on.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/inventory.h"
#include "admin/relist.h"
#include "admin/removal.h"
#include "admin/verify.h"
#include "admin/wait_for.h"
#include "fold/run_view.h"
#include "fold/snapshot.h"
#include "keep/event_block.h"
#include "log/memory_log.h"
#include "runtime/asio_runtime.h"
#include "schema/event.pb.h"
#include "schema/view.pb.h"
#include "store/memory_store.h"

namespace telltale::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RunKey run_key(const std::string& name) { return make_run_key("test", "", name, ""); }

std::string event_of(schema::State state) {
  schema::Event event;
  event.mutable_run_state()->set_state(state);
  event.mutable_run_state()->set_version(1);
  return event.SerializeAsString();
}

fold::RunView view_of(const RunKey& run, schema::State state, std::uint64_t offset = 1) {
  fold::RunView view(run);
  schema::Event event;
  event.ParseFromString(event_of(state));
  view.apply(LogOffset{offset}, event);
  return view;
}

class AdminTest : public testing::Test {
 protected:
  AdminTest() {
    put_closed(ended_, schema::SUCCEEDED);
    put_closed(quiet_, schema::RUNNING);
    put_open();
  }
  ~AdminTest() override { loop_.join(); }

  void put(const std::string& key, std::string bytes) {
    ASSERT_TRUE(caller_.put(key, std::move(bytes), {}).ok());
  }
  void put_closed(const RunKey& run, schema::State state) {
    put(keep::snapshot_key(run, {5, 1}), *fold::encode(view_of(run, state)));
    put(keep::manifest_key(run), keep::encode_manifest({{5, 1}}));
    const std::string value = event_of(state);
    keep::EventBlockBuilder block;
    block.add({LogOffset{1}, 0, value});
    put(block_of(run), block.encode(run));
  }
  void put_open() {
    keep::Checkpoint checkpoint;
    checkpoint.generation = 5;
    checkpoint.next = LogOffset{9};
    checkpoint.archived = {LogOffset{7}, {{LogOffset{2}, LogOffset{4}}}};
    checkpoint.fold_version = fold::kFoldVersion;
    // Its event is still in the log alone.
    const std::string snapshot = *fold::encode(view_of(open_, schema::RUNNING, 8));
    checkpoint.runs[open_] = {{5, 2}, 0, snapshot.size()};
    put(keep::pack_key(3, {5, 2}), snapshot);
    put(keep::checkpoint_key(3), keep::encode_checkpoint(checkpoint));
  }
  static std::string block_of(const RunKey& run) {
    return keep::event_block_key(run, {LogOffset{1}, 5});
  }
  void damage(const std::string& key) {
    std::string bytes = caller_.get(key)->bytes;
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    put(key, bytes);
  }
  std::vector<std::string> keys(const std::string& prefix) {
    std::vector<std::string> keys;
    EXPECT_TRUE(caller_.each(prefix, [&](const auto& object) { keys.push_back(object.key); }).ok());
    return keys;
  }

  Verified verified() {
    said_.clear();
    notes_.clear();
    return verify(caller_, {[this](const auto& wrong) { said_.push_back(wrong); },
                            [this](const auto& note) { notes_.push_back(note); }})
        .take();
  }
  Status remove(const RemovalRequest& request, const Catalogue& catalogue = {}) {
    said_.clear();
    removed_ = {};
    const Inventory inventory = take_inventory(caller_).take();
    return remove_runs(
        caller_, inventory, catalogue, request,
        [this](const auto& sentence) { said_.push_back(sentence); }, removed_);
  }
  // All that were ever written, as the memory store keeps no time.
  Status remove_old(bool force = false, bool dry_run = false) {
    Inventory inventory = take_inventory(caller_).take();
    for (auto& [run, objects] : inventory.runs) objects.written_at_us = 1;
    said_.clear();
    removed_ = {};
    return remove_runs(
        caller_, inventory, {}, {std::nullopt, 2, force, dry_run},
        [this](const auto& sentence) { said_.push_back(sentence); }, removed_);
  }

  const RunKey ended_ = run_key("ended");
  const RunKey quiet_ = run_key("quiet");
  const RunKey open_ = run_key("open");
  runtime::AsioRuntime loop_{"test"};
  store::MemoryStore store_;
  StoreCaller caller_{loop_, store_};
  std::vector<std::string> said_;
  std::vector<std::string> notes_;
  Removal removed_;
};

TEST_F(AdminTest, TheInventoryHasALineForEachRun) {
  const Inventory inventory = take_inventory(caller_).take();
  ASSERT_EQ(inventory.runs.size(), 3U);
  EXPECT_EQ(inventory.objects, 8U);
  EXPECT_EQ(inventory.runs.at(ended_).objects, 3U);
  EXPECT_EQ(inventory.runs.at(ended_).event_blocks, 1U);
  EXPECT_FALSE(inventory.runs.at(ended_).open);
  EXPECT_TRUE(inventory.runs.at(open_).open);
  EXPECT_GT(inventory.runs.at(open_).bytes, 0U);  // its range of a pack
  const Catalogue catalogue = {{ended_, {"a \"run\"", fold::State::succeeded}}};
  const std::string text = inventory_text(inventory, catalogue, RunOrder::bytes);
  EXPECT_THAT(text, HasSubstr("Runs: 3. Objects in the store: 8, "));
  EXPECT_THAT(text, testing::ContainsRegex(ended_.text() + "  succeeded .* 3 .* a \"run\"\n"));
  EXPECT_THAT(text, testing::ContainsRegex(open_.text() + "  open "));
  const std::string json = inventory_json(inventory, catalogue, RunOrder::bytes);
  EXPECT_THAT(json, HasSubstr("\"state\":\"succeeded\",\"name\":\"a \\\"run\\\"\"}"));
  EXPECT_THAT(json, HasSubstr("\"open\":true"));
}

TEST_F(AdminTest, ACheckpointThatCannotBeReadIsTold) {
  put(keep::checkpoint_key(4), "telltale checkpoint 77\n");
  EXPECT_THAT(take_inventory(caller_)->troubles, ElementsAre(HasSubstr("partitions/4/checkpoint")));
}

TEST_F(AdminTest, AWholeStoreIsWhole) {
  const Verified found = verified();
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_EQ(found.wrong, 0U);
  EXPECT_EQ(found.partitions, 1U);
  EXPECT_EQ(found.runs, 2U);
  EXPECT_EQ(found.snapshots, 3U);
  EXPECT_EQ(found.event_blocks, 2U);
  EXPECT_EQ(found.events, 2U);
  EXPECT_EQ(found.unnamed, 0U);
  EXPECT_THAT(notes_,
              ElementsAre(HasSubstr("Partition 3: what the log had from offset 2 up to 4")));
}

TEST_F(AdminTest, WhatIsDamagedIsNamed) {
  for (const std::string& key :
       {block_of(ended_), keep::snapshot_key(quiet_, {5, 1}), keep::manifest_key(ended_),
        keep::pack_key(3, {5, 2}), keep::checkpoint_key(3)}) {
    const std::string whole = caller_.get(key)->bytes;
    damage(key);
    verified();
    EXPECT_THAT(said_, ElementsAre(HasSubstr(key))) << key;
    put(key, whole);
  }
  verified();
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(AdminTest, WhatIsMissingIsNamed) {
  ASSERT_TRUE(caller_.remove(keep::snapshot_key(quiet_, {5, 1})).ok());
  ASSERT_TRUE(caller_.remove(keep::pack_key(3, {5, 2})).ok());
  EXPECT_EQ(verified().wrong, 2U);
  EXPECT_THAT(said_, ElementsAre(testing::AllOf(HasSubstr(open_.text()), HasSubstr("not there")),
                                 testing::AllOf(HasSubstr(quiet_.text()), HasSubstr("not there"))));
}

// Runs of partition 0 of 1, with blocks of two events each: 10 and 11, 12 and 13, 14 and 15.
class MissingBlocks : public AdminTest {
 protected:
  MissingBlocks() {
    for (const std::string& key : keys("")) EXPECT_TRUE(caller_.remove(key).ok());
    fold::RunView view(ended_);
    for (std::uint64_t first = 10; first < 16; first += 2) {
      keep::EventBlockBuilder block;
      if (first > 10) block.follow(LogOffset{first - 1});
      for (const std::uint64_t offset : {first, first + 1}) {
        schema::Event event;
        event.mutable_run_state()->set_state(schema::RUNNING);
        event.mutable_run_state()->set_version(offset);
        block.add({LogOffset{offset}, 0, event.SerializeAsString()});
        view.apply(LogOffset{offset}, event);
      }
      put(keep::event_block_key(ended_, {LogOffset{first}, 5}), block.encode(ended_));
    }
    snapshot_ = *fold::encode(view);
  }
  void put_checkpoint(std::uint64_t archived, bool open = false) {
    keep::Checkpoint checkpoint;
    checkpoint.generation = 5;
    checkpoint.next = LogOffset{20};
    checkpoint.archived.next = LogOffset{archived};
    checkpoint.fold_version = fold::kFoldVersion;
    if (open) {
      checkpoint.runs[ended_] = {{5, 1}, 0, snapshot_.size()};
      put(keep::pack_key(0, {5, 1}), snapshot_);
    }
    put(keep::checkpoint_key(0), keep::encode_checkpoint(checkpoint));
  }
  void close() {
    put(keep::snapshot_key(ended_, {5, 1}), snapshot_);
    put(keep::manifest_key(ended_), keep::encode_manifest({{5, 1}}));
  }
  void lose(std::uint64_t first) {
    EXPECT_TRUE(caller_.remove(keep::event_block_key(ended_, {LogOffset{first}, 5})).ok());
  }

  std::string snapshot_;
};

TEST_F(MissingBlocks, NoneIsMissing) {
  close();
  put_checkpoint(20);
  EXPECT_EQ(verified().wrong, 0U);
  put_checkpoint(20, true);
  EXPECT_EQ(verified().wrong, 0U);
}

TEST_F(MissingBlocks, TheFirstOneOrOneInTheMiddleIsNamedByTheNext) {
  close();
  put_checkpoint(20);
  for (const std::uint64_t first : {10, 12}) {
    const std::string key = keep::event_block_key(ended_, {LogOffset{first}, 5});
    const std::string whole = caller_.get(key)->bytes;
    lose(first);
    EXPECT_EQ(verified().wrong, 1U);
    EXPECT_THAT(said_,
                ElementsAre(testing::AllOf(HasSubstr(ended_.text()),
                                           HasSubstr(fmt::format("offset {},", first + 1)))));
    put(key, whole);
  }
  EXPECT_EQ(verified().wrong, 0U);
}

TEST_F(MissingBlocks, TheLastOneIsNamedByTheSnapshot) {
  close();
  put_checkpoint(20);
  lose(14);
  EXPECT_EQ(verified().wrong, 1U);
  EXPECT_THAT(said_, ElementsAre(HasSubstr("at offset 15")));
  // What is not archived yet is still in the log.
  put_checkpoint(14);
  EXPECT_EQ(verified().wrong, 0U);
}

TEST_F(MissingBlocks, AllOfAnOpenRunAreNamedByTheCheckpoint) {
  put_checkpoint(20, true);
  for (const std::uint64_t first : {10, 12, 14}) lose(first);
  EXPECT_EQ(verified().wrong, 1U);
  EXPECT_THAT(said_, ElementsAre(HasSubstr(keep::checkpoint_key(0) + " speaks of")));
}

TEST_F(AdminTest, WhatIsAnothersOrNobodysIsNamed) {
  put(block_of(quiet_), caller_.get(block_of(ended_))->bytes);
  put("runs/" + ended_.text() + "/notes.txt", "by hand");
  verified();
  EXPECT_THAT(said_, testing::UnorderedElementsAre(
                         HasSubstr("holds the events of run " + ended_.text()),
                         HasSubstr("notes.txt is no object that Telltale writes")));
}

TEST_F(AdminTest, WhatWaitsToBeRemovedIsCounted) {
  put(keep::pack_key(3, {4, 9}), "of a worker that was killed");
  put(keep::snapshot_key(quiet_, {4, 1}), *fold::encode(view_of(quiet_, schema::RUNNING)));
  EXPECT_EQ(verified().unnamed, 2U);
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(AdminTest, ARunThatEndedGoesWhole) {
  RemovalRequest request{ended_, std::nullopt, false, true};
  ASSERT_TRUE(remove(request).ok());
  EXPECT_THAT(said_, ElementsAre(HasSubstr("3 objects")));
  EXPECT_EQ(keys("runs/" + ended_.text()).size(), 3U);  // a dry run
  request.dry_run = false;
  ASSERT_TRUE(remove(request).ok());
  EXPECT_THAT(removed_.runs, ElementsAre(ended_));
  EXPECT_EQ(removed_.objects, 3U);
  EXPECT_THAT(keys("runs/" + ended_.text()), IsEmpty());
  EXPECT_EQ(verified().wrong, 0U);
  EXPECT_EQ(remove(request).error().code, ErrorCode::not_found);
}

TEST_F(AdminTest, ARunThatMayGoOnIsLeftUnlessForced) {
  for (const RunKey& run : {open_, quiet_}) {
    const Status refused = remove({run, std::nullopt, false, false});
    ASSERT_EQ(refused.error().code, ErrorCode::precondition_failed);
    EXPECT_THAT(refused.error().message, HasSubstr("--force"));
  }
  EXPECT_EQ(keys("").size(), 8U);
  ASSERT_TRUE(remove({open_, std::nullopt, true, false}).ok());
  ASSERT_TRUE(remove({quiet_, std::nullopt, true, false}).ok());
  EXPECT_EQ(take_inventory(caller_)->runs.size(), 1U);
  EXPECT_EQ(verified().wrong, 0U);
}

TEST_F(AdminTest, TheStateOfARunWithoutSnapshotIsThatOfItsEvents) {
  ASSERT_TRUE(caller_.remove(keep::snapshot_key(ended_, {5, 1})).ok());
  ASSERT_TRUE(caller_.remove(keep::manifest_key(ended_)).ok());
  EXPECT_TRUE(remove({ended_, std::nullopt, false, false}).ok());
  ASSERT_TRUE(caller_.remove(keep::manifest_key(quiet_)).ok());
  EXPECT_FALSE(remove({quiet_, std::nullopt, false, false}).ok());
  // The list knows better.
  EXPECT_TRUE(
      remove({quiet_, std::nullopt, false, false}, {{quiet_, {"", fold::State::failed}}}).ok());
}

TEST_F(AdminTest, OldRunsGoWhichHaveEnded) {
  ASSERT_TRUE(remove({std::nullopt, 1, true, false}).ok());
  EXPECT_THAT(removed_.runs, IsEmpty());  // whose age is not known
  ASSERT_TRUE(remove_old().ok());
  EXPECT_THAT(removed_.runs, ElementsAre(ended_));
  EXPECT_EQ(removed_.left, 2U);
  EXPECT_THAT(said_, testing::Contains(HasSubstr("Run " + quiet_.text() + " is left")));
  ASSERT_TRUE(remove_old(true, true).ok());
  EXPECT_EQ(removed_.runs.size(), 2U);
  EXPECT_EQ(take_inventory(caller_)->runs.size(), 2U);
  ASSERT_TRUE(remove_old(true).ok());
  EXPECT_THAT(take_inventory(caller_)->runs, IsEmpty());
}

TEST_F(AdminTest, WhatIsDeletedGoesFromTheListOfRuns) {
  auto log = std::make_unique<log::MemoryLog>(loop_);
  std::vector<ports::Record> summaries;
  for (const RunKey& run : {ended_, quiet_}) {
    schema::RunSummary summary;
    summary.set_run_key(run.text());
    summary.set_name("name");
    summary.set_state(schema::RUNNING);
    summaries.push_back({run.text(), summary.SerializeAsString(), 0});
  }
  ASSERT_TRUE(wait_for<Result<ports::Appended>>(loop_, [&](auto done) {
                log->append(ports::kRunsTopic, summaries, {loop_, std::move(done)});
              }).ok());
  EXPECT_EQ(read_catalogue(loop_, *log)->size(), 2U);
  ASSERT_TRUE(unlist(loop_, *log, {ended_}).ok());
  const Catalogue catalogue = read_catalogue(loop_, *log).take();
  ASSERT_EQ(catalogue.size(), 1U);
  EXPECT_EQ(catalogue.at(quiet_).name, "name");
  EXPECT_EQ(catalogue.at(quiet_).state, fold::State::running);
  // A run that only the list has.
  ASSERT_TRUE(remove({run_key("listed"), std::nullopt, false, false},
                     {{run_key("listed"), {"", fold::State::running}}})
                  .ok());
  EXPECT_THAT(removed_.runs, ElementsAre(run_key("listed")));
  wait_for<bool>(loop_, [&](auto done) {
    log.reset();
    done(true);
  });
}

TEST_F(AdminTest, WhatTheStoreHasIsListedAgain) {
  auto log = std::make_unique<log::MemoryLog>(loop_);
  ASSERT_TRUE(caller_.remove(keep::snapshot_key(quiet_, {5, 1})).ok());  // its events are enough
  const Inventory inventory = take_inventory(caller_).take();
  EXPECT_EQ(reach_of(inventory), (std::map<int, LogOffset>{{3, LogOffset{9}}}));
  const auto list = [&](bool all) {
    return relist(caller_, *log, inventory, read_catalogue(loop_, *log).take(), all,
                  [this](const auto& sentence) { said_.push_back(sentence); })
        .take();
  };
  EXPECT_EQ(list(false).runs, 3U);
  const Catalogue catalogue = read_catalogue(loop_, *log).take();
  EXPECT_EQ(catalogue.at(ended_).state, fold::State::succeeded);
  EXPECT_EQ(catalogue.at(quiet_).state, fold::State::running);
  EXPECT_EQ(catalogue.at(open_).state, fold::State::running);
  EXPECT_EQ(list(false).runs, 0U);
  EXPECT_EQ(list(true).runs, 3U);
  EXPECT_THAT(said_, IsEmpty());
  // Of one of which nothing can be read there is a sentence.
  ASSERT_TRUE(caller_.remove(block_of(quiet_)).ok());
  EXPECT_EQ(list(true).left, 1U);
  EXPECT_THAT(said_, ElementsAre(HasSubstr(quiet_.text())));
  wait_for<bool>(loop_, [&](auto done) {
    log.reset();
    done(true);
  });
}

TEST(ParseAge, TakesDaysHoursMinutesAndSeconds) {
  EXPECT_EQ(*parse_age("30d"), 30LL * 86'400 * 1'000'000);
  EXPECT_EQ(*parse_age("12h"), 12LL * 3'600 * 1'000'000);
  EXPECT_EQ(*parse_age("90m"), 90LL * 60 * 1'000'000);
  EXPECT_EQ(*parse_age("0s"), 0);
  for (const char* text :
       {"", "30", "d", "-1d", "30 d", "30days", "9223372036854775807d", "100001d"})
    EXPECT_FALSE(parse_age(text).ok()) << text;
}

}  // namespace
}  // namespace telltale::admin
