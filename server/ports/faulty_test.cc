#include <gtest/gtest.h>

#include <algorithm>

#include "log/memory_log.h"
#include "ports/faulty_log.h"
#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "store/memory_store.h"

namespace telltale::ports {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

// A log with faults on a virtual clock, and what its appends were answered.
struct FaultyWorld {
  FaultyWorld(std::uint64_t seed, Faults faults) : runtime(seed), log(inner, runtime, faults) {}

  void append(int count) {
    for (int i = 0; i < count; ++i) {
      log.append(kEventsTopic, {{"key", std::to_string(i), i}},
                 {runtime, [this](Result<Appended> answer) {
                    ok += answer.ok() ? 1 : 0;
                    if (!answer.ok()) codes.push_back(answer.error().code);
                  }});
    }
    runtime.advance(kSecondUs);
  }
  std::uint64_t kept() {
    std::uint64_t end = 0;
    inner.bounds({kEventsTopic, 0},
                 {runtime, [&](Result<Bounds> bounds) { end = to_number(bounds->end); }});
    runtime.run_until_idle();
    return end;
  }

  runtime::SimRuntime runtime;
  log::MemoryLog inner{runtime};
  FaultyLog log;
  std::uint64_t ok = 0;
  std::vector<ErrorCode> codes;
};

TEST(FaultyLog, WhatFailsWasNotDone) {
  FaultyWorld world(1, {.fail_percent = 30});
  world.append(200);
  EXPECT_EQ(world.ok + world.codes.size(), 200U);
  EXPECT_GT(world.codes.size(), 0U);
  EXPECT_GT(world.ok, 0U);
  EXPECT_EQ(world.kept(), world.ok);
  EXPECT_EQ(world.codes[0], ErrorCode::unavailable);
}

TEST(FaultyLog, ALostAnswerWasDone) {
  FaultyWorld world(1, {.lose_answer_percent = 30});
  world.append(200);
  EXPECT_EQ(world.ok + world.codes.size(), 200U);
  EXPECT_GT(world.codes.size(), 0U);
  EXPECT_EQ(world.kept(), 200U);
}

TEST(FaultyLog, ADelayedAnswerComesOnceAndNoLaterThanItsLimit) {
  FaultyWorld world(1, {.delay_us_max = kSecondUs});
  world.append(50);
  EXPECT_EQ(world.ok, 50U);
  EXPECT_EQ(world.kept(), 50U);
}

TEST(FaultyLog, AShortReadGoesOnWhereItEnded) {
  FaultyWorld world(1, {.short_read_percent = 100});
  world.append(200);
  std::uint64_t next = 0;
  int reads = 0;
  while (next < 200 && ++reads < 200) {
    world.log.read({kEventsTopic, 0}, LogOffset{next}, {},
                   {world.runtime, [&](Result<std::vector<StoredRecord>> batch) {
                      ASSERT_TRUE(batch.ok() && !batch->empty() && batch->size() <= 50);
                      EXPECT_EQ(to_number(batch->front().offset), next);
                      next = to_number(batch->back().offset) + 1;
                    }});
    world.runtime.run_until_idle();
  }
  EXPECT_EQ(next, 200U);
  EXPECT_GT(reads, 4);
}

TEST(FaultyLog, TheSameSeedFailsTheSameCalls) {
  const auto trace_of = [](std::uint64_t seed) {
    FaultyWorld world(seed, {.fail_percent = 20, .lose_answer_percent = 20, .delay_us_max = 900});
    world.append(100);
    return world.runtime.trace();
  };
  EXPECT_EQ(trace_of(3), trace_of(3));
  EXPECT_NE(trace_of(3), trace_of(4));
}

TEST(FaultyLog, FailsWithTheErrorItIsGiven) {
  FaultyWorld world(1, {.fail_percent = 100, .error = {ErrorCode::storage_full, "Full."}});
  world.append(2);
  EXPECT_EQ(world.codes, (std::vector<ErrorCode>(2, ErrorCode::storage_full)));
  world.log.faults = {};
  world.append(2);
  EXPECT_EQ(world.kept(), 2U);
}

TEST(FaultyStore, ALostPutIsThereAndItsRepeatFindsIt) {
  runtime::SimRuntime runtime(1);
  store::MemoryStore inner;
  FaultyStore store(inner, runtime, {.lose_answer_percent = 100});
  std::vector<ErrorCode> codes;
  for (int i = 0; i < 2; ++i) {
    store.put("a", "one", Condition::absent(),
              {runtime, [&](Result<std::string> answer) { codes.push_back(answer.error().code); }});
  }
  runtime.run_until_idle();
  EXPECT_EQ(codes,
            (std::vector<ErrorCode>{ErrorCode::unavailable, ErrorCode::precondition_failed}));
}

TEST(FaultyStore, APutThatFailsLeavesNothing) {
  runtime::SimRuntime runtime(1);
  store::MemoryStore inner;
  FaultyStore store(inner, runtime, {.fail_percent = 100});
  std::vector<ErrorCode> codes;
  store.put("a", "one", {},
            {runtime, [&](Result<std::string> answer) { codes.push_back(answer.error().code); }});
  inner.get("a", {},
            {runtime, [&](Result<Object> answer) { codes.push_back(answer.error().code); }});
  runtime.run_until_idle();
  EXPECT_EQ(codes.size(), 2U);
  EXPECT_EQ(std::count(codes.begin(), codes.end(), ErrorCode::not_found), 1);
  EXPECT_EQ(std::count(codes.begin(), codes.end(), ErrorCode::unavailable), 1);
}

TEST(FaultyStore, AnUploadThatLostAPieceIsNeverCommitted) {
  runtime::SimRuntime runtime(1);
  store::MemoryStore inner;
  FaultyStore store(inner, runtime);
  const auto upload = store.start_upload("a");
  std::vector<bool> oks;
  const auto write = [&] {
    upload->write("piece", {runtime, [&](Status status) { oks.push_back(status.ok()); }});
    runtime.run_until_idle();
  };
  write();
  store.faults.fail_percent = 100;
  write();
  store.faults.fail_percent = 0;
  write();
  upload->commit({}, {runtime, [&](Result<std::string> etag) { oks.push_back(etag.ok()); }});
  inner.get("a", {}, {runtime, [&](Result<Object> object) { oks.push_back(object.ok()); }});
  runtime.run_until_idle();
  EXPECT_EQ(oks, (std::vector<bool>{true, false, false, false, false}));
}

TEST(MemoryLog, DropWaitingForgetsReadersAndKeepsRecords) {
  FaultyWorld world(1, {});
  int answers = 0;
  world.inner.read({kEventsTopic, 0}, LogOffset{0}, {.wait_us = kSecondUs},
                   {world.runtime, [&](auto) { ++answers; }});
  world.append(0);
  EXPECT_EQ(answers, 1);
  world.inner.read({kEventsTopic, 0}, LogOffset{0}, {.wait_us = kSecondUs},
                   {world.runtime, [&](auto) { ++answers; }});
  world.inner.drop_waiting();
  world.append(3);
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(world.kept(), 3U);
}

}  // namespace
}  // namespace telltale::ports
