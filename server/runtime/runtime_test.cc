#include <gtest/gtest.h>

#include <ctime>
#include <future>
#include <vector>

#include "runtime/asio_runtime.h"
#include "runtime/sim_runtime.h"

namespace telltale::runtime {
namespace {

TEST(SimRuntime, RunsTasksAtTheirMomentAndInOrderOfPosting) {
  SimRuntime runtime(1);
  const std::int64_t start = to_number(runtime.now());
  std::vector<std::pair<int, std::int64_t>> seen;
  const auto note = [&](int what) {
    return [&, what] { seen.emplace_back(what, to_number(runtime.now()) - start); };
  };
  runtime.post_after(20, note(3));
  runtime.post_after(10, note(2));
  runtime.post(note(0));
  runtime.post(note(1));
  runtime.run_until_idle();
  EXPECT_EQ(seen.size(), 2U);
  runtime.advance(30);
  const std::vector<std::pair<int, std::int64_t>> expected = {{0, 0}, {1, 0}, {2, 10}, {3, 20}};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(to_number(runtime.now()) - start, 30);
}

TEST(SimRuntime, ACancelledTimerNeverFires) {
  SimRuntime runtime(1);
  bool fired = false;
  const ports::TimerId timer = runtime.post_after(5, [&] { fired = true; });
  runtime.cancel(timer);
  runtime.cancel(timer);
  runtime.advance(10);
  EXPECT_FALSE(fired);
}

TEST(SimRuntime, TheSameSeedGivesTheSameTraceAndAnotherSeedAnother) {
  const auto trace_of = [](std::uint64_t seed) {
    SimRuntime runtime(seed);
    for (int i = 0; i < 10; ++i)
      runtime.post_after(static_cast<std::int64_t>(runtime.random() % 100), [] {});
    runtime.advance(100);
    return runtime.trace();
  };
  EXPECT_EQ(trace_of(7), trace_of(7));
  EXPECT_NE(trace_of(7), trace_of(8));
}

TEST(AsioRuntime, RunsPostedTasksInOrderAndJoinsAfterThem) {
  std::vector<int> seen;
  {
    AsioRuntime runtime("test");
    for (int i = 0; i < 100; ++i) runtime.post([&seen, i] { seen.push_back(i); });
    runtime.join();
  }
  ASSERT_EQ(seen.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(AsioRuntime, TimersFireAndCancelledOnesDoNot) {
  std::promise<bool> fired;
  AsioRuntime runtime("test");
  runtime.post([&] {
    const auto never = runtime.post_after(1, [&] { fired.set_value(false); });
    runtime.cancel(never);
    runtime.post_after(2'000, [&] { fired.set_value(true); });
  });
  EXPECT_TRUE(fired.get_future().get());
}

TEST(AsioRuntime, KnowsItsLongestTurn) {
  AsioRuntime runtime("test");
  const auto spend = [&](std::int64_t us) {
    std::promise<void> spent;
    runtime.post([&] {
      const std::clock_t enough = std::clock() + us * CLOCKS_PER_SEC / 1'000'000;
      while (std::clock() < enough) {
      }
    });
    runtime.post([&] { spent.set_value(); });
    spent.get_future().wait();
    return runtime.longest_turn_us();
  };
  const std::int64_t longest = spend(30'000);
  // Of all that the process spends meanwhile, next to everything is this thread's.
  EXPECT_GE(longest, 20'000);
  EXPECT_EQ(spend(0), longest);
}

}  // namespace
}  // namespace telltale::runtime
