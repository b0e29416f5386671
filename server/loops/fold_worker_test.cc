#include "loops/fold_worker.h"

#include <gtest/gtest.h>

#include <set>

#include "fold/snapshot.h"
#include "keep/checkpoint.h"
#include "log/memory_log.h"
#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"
#include "schema/view.pb.h"
#include "store/memory_store.h"

namespace telltale::loops {
namespace {

constexpr int kPartitions = 4;
constexpr int kRuns = 12;
constexpr std::int64_t kSecondUs = 1'000'000;

log::MemoryLogOptions log_options() {
  log::MemoryLogOptions options;
  options.topics = {{ports::kEventsTopic, kPartitions}, {ports::kRunsTopic, 1}};
  return options;
}

class FoldWorkerTest : public testing::Test {
 protected:
  std::unique_ptr<FoldWorker> start_worker(ArchivePace pace = {}, FoldLimits limits = {}) {
    auto worker = std::make_unique<FoldWorker>(
        loop_, log_, store_, counters_, [](const std::string&) {}, pace, limits);
    worker->start();
    return worker;
  }
  // One event of each run.
  void append(const std::string& name, schema::State state = schema::RUNNING) {
    for (int i = 0; i < kRuns; ++i) {
      schema::Event event;
      event.set_id(name);
      event.set_run_key(make_run_key("test", "", std::to_string(i), "").text());
      event.mutable_run_state()->set_name(name);
      event.mutable_run_state()->set_state(state);
      event.mutable_run_state()->set_version(++version_);
      log_.append(ports::kEventsTopic, {{event.run_key(), event.SerializeAsString(), 0}},
                  {loop_, [](Result<ports::Appended>) {}});
    }
  }
  LogOffset end(int partition) {
    LogOffset end{};
    log_.bounds({ports::kEventsTopic, partition},
                {loop_, [&](Result<ports::Bounds> bounds) { end = bounds->end; }});
    loop_.run_until_idle();
    return end;
  }
  keep::Checkpoint checkpoint(int partition) {
    keep::Checkpoint found;
    store_.get(keep::checkpoint_key(partition), {},
               {loop_, [&](Result<ports::Object> object) {
                  if (object.ok()) found = *keep::decode_checkpoint(object->bytes);
                }});
    loop_.run_until_idle();
    return found;
  }
  void expect_all_in_the_store() {
    for (int i = 0; i < kPartitions; ++i) EXPECT_EQ(checkpoint(i).next, end(i)) << i;
  }
  // Says nothing of its name.
  void append_progress() {
    schema::Event event;
    for (int i = 0; i < kRuns; ++i) {
      event.set_run_key(make_run_key("test", "", std::to_string(i), "").text());
      event.mutable_progress()->set_path("task");
      event.mutable_progress()->set_done(static_cast<double>(++version_));
      log_.append(ports::kEventsTopic, {{event.run_key(), event.SerializeAsString(), 0}},
                  {loop_, [](Result<ports::Appended>) {}});
    }
  }
  // What retention takes that knows of nobody who reads.
  void expire_all() {
    for (int i = 0; i < kPartitions; ++i) log_.expire({ports::kEventsTopic, i}, end(i));
  }
  // Everything but checkpoints and events.
  void lose_snapshots() {
    store_.list("", {}, 10'000, {loop_, [this](Result<std::vector<ports::ObjectInfo>> found) {
                                   for (const ports::ObjectInfo& object : *found) {
                                     if (object.key.find("/checkpoint") == std::string::npos &&
                                         object.key.find("/events/") == std::string::npos)
                                       store_.remove(object.key, {loop_, [](Status) {}});
                                   }
                                 }});
    loop_.run_until_idle();
  }
  // Names of the runs in telltale.runs.
  std::multiset<std::string> listed() {
    std::multiset<std::string> names;
    log_.read({ports::kRunsTopic, 0}, LogOffset{0}, {},
              {loop_, [&](Result<std::vector<ports::StoredRecord>> records) {
                 for (const ports::StoredRecord& record : *records) {
                   schema::RunSummary summary;
                   EXPECT_TRUE(summary.ParseFromString(record.record.value));
                   names.insert(summary.name());
                 }
               }});
    loop_.run_until_idle();
    return names;
  }

  runtime::SimRuntime loop_{1};
  log::MemoryLog log_{loop_, log_options()};
  store::MemoryStore store_;
  Counters counters_;
  std::uint64_t version_ = 0;
};

TEST_F(FoldWorkerTest, AloneItFoldsEveryPartition) {
  const auto worker = start_worker();
  append("first");
  loop_.advance(10 * kSecondUs);
  expect_all_in_the_store();
  EXPECT_EQ(listed().count("first"), static_cast<std::size_t>(kRuns));
}

TEST_F(FoldWorkerTest, TheLogLetsGoOfWhatTheStoreHadAWhileAgo) {
  ArchivePace pace;
  pace.age_us = kSecondUs;
  const auto worker = start_worker(pace);
  append("first");
  const LogOffset first = end(0);
  const auto begin = [this] {
    LogOffset begin{};
    log_.bounds({ports::kEventsTopic, 0},
                {loop_, [&](Result<ports::Bounds> bounds) { begin = bounds->begin; }});
    loop_.run_until_idle();
    return begin;
  };
  loop_.advance(30 * kSecondUs);
  append("second");
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(begin(), LogOffset{0});  // somebody may still read it
  loop_.advance(40 * kSecondUs);
  append("third");
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(begin(), first);
  expect_all_in_the_store();
  EXPECT_EQ(counters_.get(Counter::events_expired), 0U);
  EXPECT_EQ(counters_.get(Counter::events_unarchived), 0U);
}

TEST_F(FoldWorkerTest, ACheckpointThatFailsAgainAndAgainIsTold) {
  ports::FaultyStore store(store_, loop_);
  std::vector<std::string> told;
  FoldWorker worker(loop_, log_, store, counters_,
                    [&](const std::string& trouble) { told.push_back(trouble); });
  worker.start();
  append("first");
  loop_.advance(kSecondUs);
  store.faults.fail_percent = 100;
  store.faults.error = {ErrorCode::storage_full, "The disk is full."};
  loop_.advance(30 * kSecondUs);
  ASSERT_FALSE(told.empty());
  EXPECT_NE(told.back().find("the checkpoint of partition 0 cannot be written: The disk is full."),
            std::string::npos);
  store.faults = {};
  loop_.advance(30 * kSecondUs);
  EXPECT_EQ(told.back(), "");
}

TEST_F(FoldWorkerTest, PartitionsAreHandedOverToOneThatJoins) {
  const auto first = start_worker();
  append("first");
  loop_.advance(kSecondUs);
  const auto second = start_worker();
  loop_.advance(kSecondUs);
  EXPECT_EQ(counters_.get(Counter::checkpoints), std::uint64_t{kPartitions / 2});  // that moved
  append("second");
  loop_.advance(10 * kSecondUs);
  expect_all_in_the_store();
  EXPECT_EQ(listed().count("second"), static_cast<std::size_t>(kRuns));
  EXPECT_EQ(counters_.get(Counter::partitions_taken), std::uint64_t{kPartitions + kPartitions / 2});
  EXPECT_EQ(counters_.get(Counter::partitions_lost), 0U);
}

TEST_F(FoldWorkerTest, OneThatStopsHandsOverWithinASecond) {
  auto first = start_worker();
  append("first");
  loop_.advance(kSecondUs / 2);
  bool stopped = false;
  first->stop([&] { stopped = true; });
  loop_.advance(kSecondUs);
  EXPECT_TRUE(stopped);
  expect_all_in_the_store();
  first.reset();
  const auto second = start_worker();
  append("second");
  loop_.advance(10 * kSecondUs);
  expect_all_in_the_store();
}

TEST_F(FoldWorkerTest, OneThatStopsBeforeItBeganStopsToo) {
  const auto worker = start_worker();
  bool stopped = false;
  worker->stop([&] { stopped = true; });
  loop_.advance(kSecondUs);
  EXPECT_TRUE(stopped);
}

TEST_F(FoldWorkerTest, RunsWithoutSnapshotsAreFoldedAgainFromTheArchive) {
  ArchivePace at_once;
  at_once.age_us = 0;
  auto worker = start_worker(at_once);
  append("first");
  loop_.advance(10 * kSecondUs);
  expect_all_in_the_store();
  for (int i = 0; i < kPartitions; ++i) EXPECT_EQ(checkpoint(i).archived.next, end(i)) << i;
  worker.reset();
  expire_all();
  lose_snapshots();
  worker = start_worker();
  append_progress();
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(listed().count("first"), static_cast<std::size_t>(kRuns));
  EXPECT_EQ(counters_.get(Counter::runs_refolded), std::uint64_t{kRuns});
  EXPECT_EQ(counters_.get(Counter::events_expired), 0U);
  EXPECT_EQ(counters_.get(Counter::events_unarchived), 0U);
}

TEST_F(FoldWorkerTest, WhatWasFoldedAndNotArchivedIsReadAgainAndThatAlone) {
  auto worker = start_worker();
  append("first");
  loop_.advance(10 * kSecondUs);
  expect_all_in_the_store();
  EXPECT_EQ(checkpoint(0).archived.next, LogOffset{0});  // not a minute old
  worker.reset();
  ArchivePace at_once;
  at_once.age_us = 0;
  worker = start_worker(at_once);
  loop_.advance(10 * kSecondUs);
  for (int i = 0; i < kPartitions; ++i) EXPECT_EQ(checkpoint(i).archived.next, end(i)) << i;
  EXPECT_EQ(listed().size(), static_cast<std::size_t>(kRuns));  // and not said again
}

TEST_F(FoldWorkerTest, WhatTheLogLostBeforeItWasArchivedIsAGap) {
  auto worker = start_worker();
  append("first");
  loop_.advance(10 * kSecondUs);
  worker.reset();
  expire_all();
  append("second");
  worker = start_worker();
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(counters_.get(Counter::events_unarchived), std::uint64_t{kRuns});
  EXPECT_EQ(counters_.get(Counter::events_expired), 0U);  // the snapshots have them
  EXPECT_EQ(listed().count("second"), static_cast<std::size_t>(kRuns));
  std::uint64_t in_gaps = 0;
  for (int i = 0; i < kPartitions; ++i) {
    for (const keep::OffsetRange& gap : checkpoint(i).archived.gaps)
      in_gaps += to_number(gap.end) - to_number(gap.begin);
  }
  EXPECT_EQ(in_gaps, std::uint64_t{kRuns});
}

TEST_F(FoldWorkerTest, ALogShorterThanWhatWasFoldedIsLeftAlone) {
  for (int i = 0; i < kPartitions; ++i) {
    keep::Checkpoint ahead;
    ahead.generation = ahead.since_generation = 1;
    ahead.next = LogOffset{1'000};
    ahead.fold_version = fold::kFoldVersion;
    store_.put(keep::checkpoint_key(i), keep::encode_checkpoint(ahead), {},
               {loop_, [](Result<std::string>) {}});
  }
  const auto worker = start_worker();
  append("first");
  loop_.advance(30 * kSecondUs);
  for (int i = 0; i < kPartitions; ++i) EXPECT_EQ(checkpoint(i).next, LogOffset{1'000});
  EXPECT_TRUE(listed().empty());
}

TEST_F(FoldWorkerTest, RunsThatEndedLeaveMemoryOnceTheyAreInTheStore) {
  const auto worker = start_worker();
  append("first");
  loop_.advance(10 * kSecondUs);
  EXPECT_GE(worker->memory_bytes(), kRuns * sizeof(fold::RunView));
  append("last", schema::SUCCEEDED);
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(worker->memory_bytes(), 0U);
  append_progress();  // comes late, and finds its run
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(listed().count("last"), std::uint64_t{kRuns});
  EXPECT_EQ(counters_.get(Counter::runs_refolded), 0U);
  EXPECT_EQ(worker->memory_bytes(), 0U);
}

TEST_F(FoldWorkerTest, BeyondTheirMemoryRunsLeaveAndComeBackWhole) {
  FoldLimits limits;
  limits.memory_bytes = kRuns * sizeof(fold::RunView) / 2;
  const auto worker = start_worker({}, limits);
  append("first");
  loop_.advance(10 * kSecondUs);
  EXPECT_LE(worker->memory_bytes(), limits.memory_bytes);
  EXPECT_GT(worker->memory_bytes(), 0U);
  append_progress();
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(listed().count("first"), std::uint64_t{kRuns});
  EXPECT_EQ(counters_.get(Counter::runs_refolded), 0U);
  EXPECT_LE(worker->memory_bytes(), limits.memory_bytes);
}

TEST_F(FoldWorkerTest, RunsWhoseSnapshotIsTooLargeAreFoldedFromTheirEvents) {
  FoldLimits limits;
  limits.snapshot_bytes = 10;
  auto worker = start_worker({}, limits);
  append("first");
  loop_.advance(10 * kSecondUs);
  expect_all_in_the_store();
  EXPECT_EQ(counters_.get(Counter::snapshots_refused), std::uint64_t{kRuns});
  for (int i = 0; i < kPartitions; ++i) EXPECT_TRUE(checkpoint(i).runs.empty());
  worker.reset();
  worker = start_worker({}, limits);
  append_progress();
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(listed().count("first"), std::uint64_t{kRuns});
  EXPECT_EQ(counters_.get(Counter::runs_refolded), std::uint64_t{kRuns});
}

TEST_F(FoldWorkerTest, RepeatsAndEventsThatAreLateAreCountedApart) {
  const auto worker = start_worker();
  for (const std::uint64_t sequence : {1, 3, 2, 2, 3}) {
    schema::Event event;
    event.set_run_key(make_run_key("test", "", "run", "").text());
    event.set_epoch("life");
    event.set_sequence(sequence);
    log_.append(ports::kEventsTopic, {{event.run_key(), event.SerializeAsString(), 0}},
                {loop_, [](Result<ports::Appended>) {}});
  }
  loop_.advance(10 * kSecondUs);
  EXPECT_EQ(counters_.get(Counter::events_late), 1U);
  EXPECT_EQ(counters_.get(Counter::events_repeated), 2U);
}

}  // namespace
}  // namespace telltale::loops
