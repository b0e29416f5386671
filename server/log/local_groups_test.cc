#include "log/local_groups.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "runtime/sim_runtime.h"

namespace telltale::log {
namespace {

// Members on a virtual clock: every hand-over in its order, time-outs included.
class Groups : public testing::Test {
 protected:
  struct Told {
    std::set<int> held;
    std::map<int, UniqueFunction<void()>> asked;
    std::set<int> lost;
    std::unique_ptr<ports::Membership> membership;
  };

  std::unique_ptr<Told> join(int partitions) {
    auto told = std::make_unique<Told>();
    Told* to = told.get();
    ports::MemberCallbacks callbacks;
    callbacks.assigned = [to](const ports::Partition& partition) {
      EXPECT_TRUE(to->held.insert(partition.number).second);
    };
    callbacks.revoked = [to](const ports::Partition& partition, UniqueFunction<void()> released) {
      EXPECT_EQ(to->held.erase(partition.number), 1U);
      to->asked.emplace(partition.number, std::move(released));
    };
    callbacks.lost = [to](const ports::Partition& partition) { to->lost.insert(partition.number); };
    told->membership = groups_.join("fold", "events", partitions, runtime_, std::move(callbacks));
    return told;
  }
  void run_for(std::int64_t us) { runtime_.advance(us); }
  void release_all(Told& told) {
    for (auto& [number, released] : std::exchange(told.asked, {})) released();
    run_for(0);
  }

  runtime::SimRuntime runtime_{1};
  LocalGroups groups_;
};

TEST_F(Groups, SharesAreWithinOneOfEachOtherAndFewMove) {
  std::vector<std::unique_ptr<Told>> members;
  std::size_t moved = 0;
  for (int count = 1; count <= 5; ++count) {
    members.push_back(join(24));
    run_for(0);
    for (auto& member : members) {
      moved += member->asked.size();
      release_all(*member);
    }
    std::set<int> all;
    for (const auto& member : members) {
      EXPECT_GE(member->held.size(), 24U / members.size());
      EXPECT_LE(member->held.size(), (24U + members.size() - 1) / members.size());
      all.insert(member->held.begin(), member->held.end());
    }
    EXPECT_EQ(all.size(), 24U);
  }
  EXPECT_EQ(moved, 12U + 8U + 6U + 4U);  // what each newcomer has in the end
}

TEST_F(Groups, WhatIsNotReleasedInTimeIsLostAndMoves) {
  const auto slow = join(2);
  run_for(0);
  const auto quick = join(2);
  run_for(limits::kReleaseUs - 1);
  EXPECT_TRUE(quick->held.empty());
  EXPECT_TRUE(slow->lost.empty());
  run_for(1);
  EXPECT_EQ(slow->lost, (std::set<int>{1}));
  EXPECT_EQ(quick->held, (std::set<int>{1}));
  release_all(*slow);  // too late to matter
  run_for(limits::kReleaseUs * 2);
  EXPECT_EQ(quick->held, (std::set<int>{1}));
  EXPECT_EQ(slow->held, (std::set<int>{0}));
}

TEST_F(Groups, AMemberThatLeavesWhileItIsAskedHandsOverAll) {
  auto first = join(4);
  run_for(0);
  const auto second = join(4);
  run_for(0);
  EXPECT_EQ(first->asked.size(), 2U);
  first->membership.reset();
  run_for(0);
  EXPECT_EQ(second->held.size(), 4U);
  release_all(*first);
  EXPECT_EQ(second->held.size(), 4U);
}

TEST_F(Groups, AfterCloseAMemberIsToldNothing) {
  auto first = join(2);
  run_for(0);
  groups_.close();
  auto second = join(2);
  first->membership.reset();
  run_for(0);
  EXPECT_TRUE(second->held.empty());
}

}  // namespace
}  // namespace telltale::log
