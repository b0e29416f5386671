#include "keep/refold.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "fold/snapshot.h"
#include "keep/event_reader.h"
#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"
#include "store/memory_store.h"

namespace telltale::keep {
namespace {

RunKey run() { return make_run_key("test", "", "run", ""); }

schema::Event event_at(std::uint64_t offset) {
  schema::Event event;
  event.set_epoch("epoch");
  event.set_sequence(offset);
  event.set_happened_at_us(static_cast<std::int64_t>(offset));
  event.mutable_metric_points()->set_path("task");
  event.mutable_metric_points()->set_name("loss");
  event.mutable_metric_points()->add_value(static_cast<double>(offset));
  return event;
}

// Every other offset is this run's.
keep::EventBlockBuilder block_of(std::uint64_t first, std::uint64_t last) {
  keep::EventBlockBuilder block;
  for (std::uint64_t offset = first; offset <= last; offset += 2) {
    const std::string value = event_at(offset).SerializeAsString();
    block.add({LogOffset{offset}, 0, value});
  }
  return block;
}

// As folding the events from offset 2 up to `last` makes it.
std::string folded(std::uint64_t last) {
  fold::RunView view(run());
  for (std::uint64_t offset = 2; offset <= last; offset += 2)
    view.apply(LogOffset{offset}, event_at(offset));
  return *fold::encode(view);
}

class RefoldTest : public testing::Test {
 protected:
  void put(std::uint64_t first, std::uint64_t last, std::uint64_t generation) {
    put_bytes({LogOffset{first}, generation}, block_of(first, last).encode(run()));
  }
  void put_bytes(const keep::EventBlockId& id, std::string bytes) {
    store_.put(keep::event_block_key(run(), id), std::move(bytes), {},
               {loop_, [](Result<std::string>) {}});
  }
  std::string refolded(std::uint64_t before, std::vector<keep::EventBlock> on_their_way = {}) {
    std::string answer = "no answer";
    refold(loop_, faulty_, counters_, run(), LogOffset{before}, std::move(on_their_way),
           [&](Result<fold::RunView> view) {
             answer = view.ok() ? *fold::encode(view.value()) : view.error().message;
           });
    loop_.advance(1'000'000);
    return answer;
  }

  runtime::SimRuntime loop_{1};
  store::MemoryStore store_;
  ports::FaultyStore faulty_{store_, loop_};
  Counters counters_;
};

TEST_F(RefoldTest, ARunWithoutEventsIsEmpty) {
  EXPECT_EQ(refolded(100), *fold::encode(fold::RunView(run())));
  EXPECT_EQ(counters_.get(Counter::runs_refolded), 0U);
}

TEST_F(RefoldTest, BlocksOfSeveralHoldersOverlap) {
  put(2, 10, 1);
  put(6, 8, 2);  // of one that took over, and fell
  put(6, 20, 3);
  put(12, 14, 2);
  EXPECT_EQ(refolded(100), folded(20));
  EXPECT_EQ(counters_.get(Counter::runs_refolded), 1U);
}

TEST_F(RefoldTest, WhatIsOnItsWayFollowsAndWhatComesLaterIsLeftOut) {
  put(2, 10, 1);
  std::vector<keep::EventBlock> on_their_way;
  on_their_way.push_back(block_of(8, 12).gathered(run()));
  on_their_way.push_back(block_of(14, 20).gathered(run()));
  EXPECT_EQ(refolded(17, std::move(on_their_way)), folded(16));
  EXPECT_EQ(refolded(7), folded(6));
}

TEST_F(RefoldTest, WhatIsOnItsWayMayBelongBeforeWhatTheStoreHas) {
  put(2, 10, 1);
  put(20, 24, 1);
  std::vector<keep::EventBlock> on_their_way;
  on_their_way.push_back(block_of(12, 18).gathered(run()));
  on_their_way.push_back(block_of(26, 30).gathered(run()));
  EXPECT_EQ(refolded(100, std::move(on_their_way)), folded(30));
}

TEST_F(RefoldTest, ManyBlocksComeInTheirOrderHoweverLateEachIsAnswered) {
  faulty_.faults.delay_us_max = 40'000;
  for (std::uint64_t first = 2; first <= 120; first += 4) put(first, first + 2, 1);
  EXPECT_EQ(refolded(1'000), folded(120));
}

TEST_F(RefoldTest, ABlockThatIsDamagedOrAnothersCostsItsOwnEventsAlone) {
  put(2, 10, 1);
  put_bytes({LogOffset{12}, 1}, "damaged");
  put_bytes({LogOffset{14}, 1}, block_of(14, 16).encode(make_run_key("test", "", "other", "")));
  put(12, 20, 2);
  EXPECT_EQ(refolded(100), folded(20));
}

TEST_F(RefoldTest, AStoreThatFailsIsToldOf) {
  put(2, 10, 1);
  faulty_.faults.fail_percent = 100;
  EXPECT_NE(refolded(100).find("out of reach"), std::string::npos) << refolded(100);
}

TEST_F(RefoldTest, MoreBlocksThanOneListingHas) {
  for (std::uint64_t i = 1; i <= limits::kSweepKeys + 10; ++i) put(2 * i, 2 * i, 1);
  EXPECT_EQ(refolded(10'000), folded(2 * (limits::kSweepKeys + 10)));
}

}  // namespace
}  // namespace telltale::keep
