// The simulation as a test: seeds with faults, each twice with equal traces, and planted bugs that
// must be caught. TELLTALE_SIM_SEED=n runs one seed, TELLTALE_SIM_SEEDS=n that many.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "sim/error_count.h"
#include "sim/seeds.h"
#include "sim/world.h"

namespace telltale::sim {
namespace {

class Simulation : public testing::Test {
 protected:
  void SetUp() override { spdlog::set_level(spdlog::level::off); }  // faults are meant to happen
};

TEST_F(Simulation, NothingIsLostDoubledOrInventedWhateverFails) {
  const auto [first, last] = seeds_to_run(200);
  std::uint64_t crashes = 0;
  std::uint64_t retries = 0;
  std::uint64_t reconnects = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    World world(seed, Bug::none);
    world.run();
    for (const std::string& wrong : world.checks())
      ADD_FAILURE() << "seed " << seed << ": " << wrong;
    World again(seed, Bug::none);
    again.run();
    (void)again.checks();
    ASSERT_EQ(world.trace(), again.trace()) << "seed " << seed << " is not deterministic";
    ASSERT_FALSE(HasFailure()) << "make sim SEED=" << seed;
    crashes += world.crashes();
    retries += world.retries();
    reconnects += world.reconnects();
  }
  // Else the faults would prove nothing.
  EXPECT_GT(crashes, 0U);
  EXPECT_GT(retries, 0U);
  EXPECT_GT(reconnects, 0U);
  fmt::print("seeds {}-{}: {} crashes, {} retries, {} reconnects\n", first, last, crashes, retries,
             reconnects);
}

TEST_F(Simulation, WithoutFaultsNoErrorIsLogged) {
  const auto [first, last] = seeds_to_run(30);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const ErrorCount errors;
    World world(seed, Bug::none, World::Weather::calm);
    world.run();
    for (const std::string& wrong : world.checks())
      ADD_FAILURE() << "seed " << seed << ": " << wrong;
    EXPECT_EQ(errors.count(), 0U) << "seed " << seed << ": " << errors.first();
    ASSERT_FALSE(HasFailure()) << "make sim SEED=" << seed;
  }
}

class PlantedBug : public Simulation, public testing::WithParamInterface<Bug> {};

TEST_P(PlantedBug, IsCaught) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    World world(seed, GetParam());
    world.run();
    if (!world.checks().empty()) return;
  }
  FAIL() << "no check saw it in 30 seeds";
}

std::string bug_name(const testing::TestParamInfo<Bug>& info) {
  switch (info.param) {
    case Bug::none: return "None";
    case Bug::fsync_skipped: return "FsyncSkipped";
    case Bug::repeat_applied: return "RepeatApplied";
    case Bug::tombstone_dropped: return "TombstoneDropped";
    case Bug::snapshot_skipped: return "SnapshotSkipped";
    case Bug::frame_lost: return "FrameLost";
    case Bug::log_offset_lost: return "LogOffsetLost";
  }
  return "Unknown";
}

INSTANTIATE_TEST_SUITE_P(Each, PlantedBug,
                         testing::Values(Bug::fsync_skipped, Bug::repeat_applied,
                                         Bug::tombstone_dropped, Bug::snapshot_skipped,
                                         Bug::frame_lost, Bug::log_offset_lost),
                         bug_name);

}  // namespace
}  // namespace telltale::sim
