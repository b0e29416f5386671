#include "fold/snapshot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <map>

#include "base/sha256.h"
#include "fold/test_events.h"
#include "fold/view_encoder.h"

namespace telltale::fold {
namespace {

constexpr int kSeeds = 60;

TEST(Snapshot, ReplayIsSnapshotAndTailAtEveryCut) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<schema::Event> events = RandomRun(seed).events(120);
    RunView whole(test_key());
    std::vector<std::string> snapshots = {*encode(whole)};
    std::vector<std::size_t> bytes = {whole.bytes()};
    std::vector<bool> changed;
    for (std::size_t i = 0; i < events.size(); ++i) {
      changed.push_back(whole.apply(LogOffset{i * 3}, events[i]));
      snapshots.push_back(*encode(whole));
      bytes.push_back(whole.bytes());
    }
    for (std::size_t cut = 0; cut <= events.size(); ++cut) {
      Result<RunView> view = decode(snapshots[cut]);
      ASSERT_TRUE(view.ok()) << view.error().message;
      ASSERT_EQ(*encode(*view), snapshots[cut]) << "at cut " << cut;
      ASSERT_EQ(view->bytes(), bytes[cut]) << "at cut " << cut;
      // From some earlier offset: what the snapshot holds changes nothing.
      const std::size_t from = cut < 10 ? 0 : cut - 10;
      for (std::size_t i = from; i < events.size(); ++i) {
        EXPECT_EQ(view->apply(LogOffset{i * 3}, events[i]), i >= cut && changed[i]);
      }
      ASSERT_EQ(*encode(*view), snapshots.back()) << "after cut " << cut;
      ASSERT_EQ(json_of(encode_run(*view)), json_of(encode_run(whole))) << "after cut " << cut;
      ASSERT_EQ(json_of(encode_layout(*view)), json_of(encode_layout(whole)));
    }
  }
}

TEST(Snapshot, RepeatsChangeNothing) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun random(seed);
    const std::vector<schema::Event> events = random.events(200);
    RunView once(test_key());
    apply_all(once, events);
    RunView often(test_key());
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
      often.apply(LogOffset{offset++}, events[i]);
      for (int repeats = random.number(0, 3); repeats > 0; --repeats) {
        const auto& repeat =
            events[static_cast<std::size_t>(random.number(0, static_cast<int>(i)))];
        EXPECT_FALSE(often.apply(LogOffset{offset++}, repeat));
      }
    }
    for (const schema::Event& event : events) EXPECT_FALSE(often.apply(LogOffset{offset++}, event));
    EXPECT_EQ(state_without_offsets(often), state_without_offsets(once));
  }
}

TEST(Snapshot, AnyShardCountAndAnyBatchesGiveOneResult) {
  constexpr int kRuns = 5;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(seed);
    std::map<RunKey, std::vector<schema::Event>> told;
    std::map<RunKey, std::string> expected;
    for (int run = 0; run < kRuns; ++run) {
      told[test_key(run)] = RandomRun(seed * 100 + static_cast<std::uint64_t>(run)).events(60);
      RunView view(test_key(run));
      apply_all(view, told[test_key(run)]);
      expected[test_key(run)] = state_without_offsets(view);
    }
    for (std::size_t shards = 1; shards <= 6; ++shards) {
      RandomRun random(seed * 1'000 + shards);
      std::vector<std::map<RunKey, RunView>> folds(shards);
      std::vector<std::uint64_t> offsets(shards, 0);
      std::map<RunKey, std::size_t> at;
      for (std::size_t left = kRuns * 60; left > 0;) {
        const RunKey key = test_key(random.number(0, kRuns - 1));
        const std::size_t shard = std::hash<RunKey>()(key) % shards;
        RunView& view = folds[shard].try_emplace(key, key).first->second;
        for (int batch = random.number(1, 9); batch > 0 && at[key] < told[key].size(); --batch) {
          view.apply(LogOffset{offsets[shard]++}, told[key][at[key]++]);
          --left;
        }
        if (random.number(0, 3) == 0) view = decode(*encode(view)).take();
      }
      for (const auto& shard : folds) {
        for (const auto& [key, view] : shard)
          EXPECT_EQ(state_without_offsets(view), expected[key]) << shards << " shards";
      }
    }
  }
}

// A reader that takes the changes since the last time holds what a new reader is given.
TEST(Snapshot, DeltasAddUpToTheWhole) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun random(seed);
    const std::vector<schema::Event> events = random.events(200);
    RunView view(test_key());
    std::map<std::string, std::string> tasks;
    std::map<std::string, std::string> series;
    std::map<std::string, std::string> artifacts;
    std::optional<LogOffset> since;
    for (std::size_t i = 0; i < events.size(); ++i) {
      view.apply(LogOffset{i}, events[i]);
      if (random.number(0, 4) != 0 && i + 1 < events.size()) continue;
      const schema::RunView delta = encode_run(view, since);
      since = view.position();
      for (const auto& id : delta.removed_tasks()) tasks.erase(id);
      for (const auto& task : delta.tasks()) tasks[task.id()] = json_of(task);
      for (const auto& one : delta.series()) series[one.id()] = json_of(one);
      for (const auto& one : delta.artifacts()) artifacts[one.id()] = json_of(one);
    }
    const schema::RunView whole = encode_run(view);
    std::map<std::string, std::string> whole_tasks;
    std::map<std::string, std::string> whole_series;
    std::map<std::string, std::string> whole_artifacts;
    for (const auto& task : whole.tasks()) whole_tasks[task.id()] = json_of(task);
    for (const auto& one : whole.series()) whole_series[one.id()] = json_of(one);
    for (const auto& one : whole.artifacts()) whole_artifacts[one.id()] = json_of(one);
    EXPECT_EQ(tasks, whole_tasks);
    EXPECT_EQ(series, whole_series);
    EXPECT_EQ(artifacts, whole_artifacts);
    EXPECT_EQ(encode_run(view, view.position()).tasks_size(), 0);
  }
}

TEST(Snapshot, DamageIsSeen) {
  RunView view(test_key());
  apply_all(view, RandomRun(1).events(50));
  const std::string good = *encode(view);
  for (std::size_t i = 0; i < good.size(); i += 7) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    const Result<RunView> read = decode(bad);
    EXPECT_FALSE(read.ok()) << "byte " << i;
  }
  for (std::size_t size = 0; size < good.size(); size += 13)
    EXPECT_FALSE(decode(std::string_view(good).substr(0, size)).ok()) << size << " bytes";
}

// Content as it is, framed with the checksum that belongs to it.
Result<RunView> decode_content(const std::string& content) {
  schema::SnapshotFile file;
  file.set_fold_version(kFoldVersion);
  file.set_content(content);
  file.set_checksum(checksum(content));
  return decode(file.SerializeAsString());
}

// One wrong place in a snapshot that is whole.
TEST(Snapshot, WhatNoFoldWritesIsCorrupt) {
  const RunView view = fold_json({
      R"({"graph":{"tasks":[{"path":"a"},{"path":"b","depends_on":["a"]},
          {"path":"c","depends_on":["a","b"]},{"path":"d"}],"removed":["d"]}})",
      R"({"log_bytes":{"path":"a","data":"aGk="}})",
      R"({"log_bytes":{"path":"a","data":"aGk=","offset":"9"}})",
      R"({"metric_points":{"path":"a","name":"loss","value":[1]}})",
      R"({"artifact":{"path":"a","name":"model"}})",
  });
  schema::SnapshotFile file;
  schema::RunSnapshot good;
  ASSERT_TRUE(file.ParseFromString(*encode(view)) && good.ParseFromString(file.content()));
  ASSERT_TRUE(decode_content(file.content()).ok());
  ASSERT_EQ(good.lanes_size(), 1);
  const auto is_corrupt = [&](auto change) {
    schema::RunSnapshot bad = good;
    change(bad);
    const Result<RunView> read = decode_content(bad.SerializeAsString());
    return !read.ok() && read.error().code == ErrorCode::corrupt;
  };
  using Bad = schema::RunSnapshot&;
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tasks(0)->clear_path(); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tasks(0)->set_path("b"); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tasks(0)->set_kind(4); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tasks(0)->set_state(99); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tasks(0)->set_changed_at(bad.next()); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tasks(0)->set_removed(true); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tasks(3)->set_removed(false); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tasks(0)->mutable_logs(0)->add_offsets(1); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tasks(0)->mutable_logs(0)->set_attempt(0); }));
  EXPECT_TRUE(
      is_corrupt([](Bad bad) { bad.mutable_tasks(0)->mutable_logs(0)->set_offsets(1, 1); }));
  EXPECT_TRUE(is_corrupt(
      [](Bad bad) { bad.mutable_tasks(0)->mutable_logs(0)->set_offsets(1, 1ULL << 60); }));
  EXPECT_TRUE(
      is_corrupt([](Bad bad) { *bad.mutable_tasks(0)->add_logs() = bad.tasks(0).logs(0); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { *bad.add_series() = bad.series(0); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_series(0)->set_task_path("x"); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_series(0)->clear_value(); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { *bad.add_artifacts() = bad.artifacts(0); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_artifacts(0)->set_task_path("x"); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tombstones(0)->set_task(0); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_tombstones(0)->set_task(UINT32_MAX); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.clear_tombstones(); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_boxes(0)->set_task(UINT32_MAX); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_boxes()->RemoveLast(); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_boxes(0)->set_x(std::nanf("")); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_boxes(0)->set_width(HUGE_VALF); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_lanes(0)->set_x(0, -HUGE_VALF); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_lanes(0)->add_x(1); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_lanes(0)->set_to(UINT32_MAX); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.mutable_lanes(0)->set_shared(3); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.set_layout_by_rows(true); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.set_layout_credit(UINT64_MAX); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.add_epochs(1); }));
  EXPECT_TRUE(is_corrupt([](Bad bad) { bad.set_run_key("x"); }));
}

// One that a fuzzer found: whoever read it, and then the next event, never came to an end.
TEST(Snapshot, ABoxOfOneTaskOnlyIsCorrupt) {
  std::ifstream in(std::string(TELLTALE_SOURCE_DIR) + "/fuzz/corpus/snapshot/box_of_one_task_only",
                   std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  ASSERT_EQ(bytes.size(), 294U);
  const Result<RunView> read = decode_content(bytes.substr(1));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::corrupt);
}

TEST(Snapshot, ParentsInACircleAreRead) {
  RunView view = fold_json({R"({"graph":{"tasks":[{"path":"a","parent":"b"},
      {"path":"b","parent":"c","kind":"LOOP"},{"path":"c","parent":"a","kind":"GROUP"}]}})"});
  const Result<RunView> again = decode(*encode(view));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(json_of(encode_layout(*again)), json_of(encode_layout(view)));
}

TEST(Snapshot, AnotherVersionOfTheFoldIsNotRead) {
  schema::SnapshotFile file;
  ASSERT_TRUE(file.ParseFromString(*encode(RunView(test_key()))));
  file.set_fold_version(kFoldVersion + 1);
  const Result<RunView> read = decode(file.SerializeAsString());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::precondition_failed);
}

TEST(Snapshot, OneThatWouldBeTooLargeIsRefused) {
  const RunView view = fold_json({R"({"id":"a","run_state":{"name":"a name of some bytes"}})"});
  const std::size_t size = encode(view)->size();
  EXPECT_TRUE(encode(view, size).ok());
  EXPECT_EQ(encode(view, size / 2).error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace telltale::fold
