// A process that collects a source, by seeds, each twice with equal traces, and planted bugs that
// must be caught. TELLTALE_SIM_SEED=n runs one seed, TELLTALE_SIM_SEEDS=n that many.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "base/limits.h"
#include "sim/seeds.h"
#include "sim/source_world.h"

namespace telltale::sim {
namespace {

class SourceSimulation : public testing::Test {
 protected:
  void SetUp() override { spdlog::set_level(spdlog::level::off); }  // faults are meant to happen
};

TEST_F(SourceSimulation, EveryFactIsThereOnceWhateverFails) {
  const Seeds seeds = seeds_to_run(200);
  std::uint64_t crashes = 0;
  std::uint64_t relists = 0;
  std::uint64_t retries = 0;
  std::uint64_t rejected = 0;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    SourceWorld world(seed, SourceBug::none);
    world.run();
    for (const std::string& wrong : world.checks())
      ADD_FAILURE() << "seed " << seed << ": " << wrong;
    SourceWorld again(seed, SourceBug::none);
    again.run();
    (void)again.checks();
    ASSERT_EQ(world.trace(), again.trace()) << "seed " << seed << " is not deterministic";
    ASSERT_FALSE(HasFailure()) << "make sim SEED=" << seed;
    crashes += world.crashes();
    relists += world.counters().get(Counter::source_relists);
    retries += world.counters().get(Counter::source_retries);
    rejected += world.counters().get(Counter::events_rejected);
  }
  // Else the faults would prove nothing.
  EXPECT_GT(crashes, 0U);
  EXPECT_GT(relists, 0U);
  EXPECT_GT(retries, relists);
  EXPECT_GT(rejected, 0U);
  fmt::print("seeds {}-{}: {} crashes, {} relists, {} retries\n", seeds.first, seeds.last, crashes,
             relists, retries);
}

// The fold knows a run's last kRepeatWindow events by their ids; this is more, read three times.
TEST_F(SourceSimulation, ASourceReadFromItsBeginningDoublesNothingHoweverMuchItHolds) {
  SourceWorld world(1, SourceBug::none);
  world.tell(3 * limits::kRepeatWindow);
  world.relist();
  world.tell(1'000);
  world.relist();
  EXPECT_EQ(world.counters().get(Counter::source_relists), 2U);
  EXPECT_GT(world.counters().get(Counter::events_accepted), 3 * 2 * limits::kRepeatWindow);
  for (const std::string& wrong : world.checks()) ADD_FAILURE() << wrong;
}

class PlantedSourceBug : public SourceSimulation, public testing::WithParamInterface<SourceBug> {};

TEST_P(PlantedSourceBug, IsCaught) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SourceWorld world(seed, GetParam());
    world.run();
    if (!world.checks().empty()) return;
  }
  FAIL() << "no check saw it in 30 seeds";
}

std::string bug_name(const testing::TestParamInfo<SourceBug>& info) {
  switch (info.param) {
    case SourceBug::none: return "None";
    case SourceBug::position_before_events: return "PositionBeforeEvents";
    case SourceBug::ids_of_the_reader: return "IdsOfTheReader";
    case SourceBug::expired_is_the_end: return "ExpiredIsTheEnd";
  }
  return "Unknown";
}

INSTANTIATE_TEST_SUITE_P(Each, PlantedSourceBug,
                         testing::Values(SourceBug::position_before_events,
                                         SourceBug::ids_of_the_reader,
                                         SourceBug::expired_is_the_end),
                         bug_name);

}  // namespace
}  // namespace telltale::sim
