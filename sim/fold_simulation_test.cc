// Two fold workers that fail in every way, by seeds, each twice with equal traces, and planted bugs
// that must be caught. TELLTALE_SIM_SEED=n runs one seed, TELLTALE_SIM_SEEDS=n that many.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "sim/error_count.h"
#include "sim/fold_world.h"
#include "sim/seeds.h"

namespace telltale::sim {
namespace {

class FoldSimulation : public testing::Test {
 protected:
  void SetUp() override { spdlog::set_level(spdlog::level::off); }  // faults are meant to happen
};

TEST_F(FoldSimulation, NothingIsLostWhoeverHoldsAPartition) {
  const Seeds seeds = seeds_to_run(200);
  std::uint64_t zombies = 0;
  std::uint64_t outdone = 0;
  std::uint64_t manifests = 0;
  std::uint64_t blocks = 0;
  std::uint64_t refolded = 0;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    FoldWorld world(seed, FoldBug::none);
    world.run();
    for (const std::string& wrong : world.checks())
      ADD_FAILURE() << "seed " << seed << ": " << wrong;
    FoldWorld again(seed, FoldBug::none);
    again.run();
    (void)again.checks();
    ASSERT_EQ(world.trace(), again.trace()) << "seed " << seed << " is not deterministic";
    ASSERT_FALSE(HasFailure()) << "make sim SEED=" << seed;
    zombies += world.zombies();
    outdone += world.counters().get(Counter::partitions_lost);
    manifests += world.manifests();
    blocks += world.counters().get(Counter::event_blocks);
    refolded += world.counters().get(Counter::runs_refolded);
  }
  // Else the faults would prove nothing.
  EXPECT_GT(zombies, 0U);
  EXPECT_GT(outdone, 0U);
  EXPECT_GT(manifests, 0U);
  EXPECT_GT(blocks, 0U);
  EXPECT_GT(refolded, 0U);
  fmt::print(
      "seeds {}-{}: {} sleeping workers, {} partitions lost to another, {} manifests, {} blocks of "
      "events, {} runs folded from them\n",
      seeds.first, seeds.last, zombies, outdone, manifests, blocks, refolded);
}

// Also a test of what operators see: errors are for what somebody has to look at.
TEST_F(FoldSimulation, WithoutFaultsNothingIsLateAndNoErrorIsLogged) {
  const Seeds seeds = seeds_to_run(30);
  std::uint64_t clocks_set = 0;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const ErrorCount errors;
    FoldWorld world(seed, FoldBug::none, FoldWorld::Weather::calm);
    world.run();
    EXPECT_EQ(errors.count(), 0U) << "seed " << seed << ": " << errors.first();
    for (const std::string& wrong : world.checks())
      ADD_FAILURE() << "seed " << seed << ": " << wrong;
    ASSERT_FALSE(HasFailure()) << "make sim SEED=" << seed;
    clocks_set += world.clocks_set();
  }
  EXPECT_GT(clocks_set, 0U);
}

class PlantedFoldBug : public FoldSimulation, public testing::WithParamInterface<FoldBug> {};

TEST_P(PlantedFoldBug, IsCaught) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    // Storms end in a restart, which mends what a set clock held up.
    FoldWorld world(seed, GetParam(),
                    GetParam() == FoldBug::durations_by_set_clock ? FoldWorld::Weather::calm
                                                                  : FoldWorld::Weather::stormy);
    world.run();
    if (!world.checks().empty()) return;
  }
  FAIL() << "no check saw it in 30 seeds";
}

std::string bug_name(const testing::TestParamInfo<FoldBug>& info) {
  switch (info.param) {
    case FoldBug::none: return "None";
    case FoldBug::commit_before_checkpoint: return "CommitBeforeCheckpoint";
    case FoldBug::checkpoint_before_pack: return "CheckpointBeforePack";
    case FoldBug::checkpoint_before_blocks: return "CheckpointBeforeBlocks";
    case FoldBug::archived_too_far: return "ArchivedTooFar";
    case FoldBug::no_generation_check: return "NoGenerationCheck";
    case FoldBug::durations_by_set_clock: return "DurationsBySetClock";
  }
  return "Unknown";
}

INSTANTIATE_TEST_SUITE_P(Each, PlantedFoldBug,
                         testing::Values(FoldBug::commit_before_checkpoint,
                                         FoldBug::checkpoint_before_pack,
                                         FoldBug::checkpoint_before_blocks,
                                         FoldBug::archived_too_far, FoldBug::no_generation_check,
                                         FoldBug::durations_by_set_clock),
                         bug_name);

}  // namespace
}  // namespace telltale::sim
