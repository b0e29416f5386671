#include "fold/repeat_guard.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fold/test_events.h"
#include "fold/view_encoder.h"
#include "schema/view.pb.h"

namespace telltale::fold {
namespace {

using Told = RepeatGuard::Told;

// As a snapshot hands it on.
RepeatGuard copy_of(const RepeatGuard& guard) {
  std::vector<RepeatGuard::Mark> marks;
  for (const RepeatGuard::Mark* mark : guard.marks()) marks.push_back(*mark);
  RepeatGuard copy;
  copy.restore(std::move(marks), guard.ids());
  return copy;
}

TEST(RepeatGuard, WhatIsLateIsNoRepeat) {
  RepeatGuard guard;
  for (const std::uint64_t sequence : {3, 4, 8}) {
    EXPECT_EQ(guard.judge("life", sequence, ""), Told::first);
    EXPECT_EQ(guard.judge("life", sequence, ""), Told::again);
  }
  for (const std::uint64_t sequence : {6, 1, 2, 5, 7}) {
    guard = copy_of(guard);
    EXPECT_EQ(guard.judge("life", sequence, ""), Told::late) << sequence;
    EXPECT_EQ(guard.judge("life", sequence, ""), Told::again) << sequence;
  }
  EXPECT_TRUE(guard.marks().front()->gaps.empty());
  EXPECT_EQ(guard.judge("life", 9, ""), Told::first);
  EXPECT_EQ(guard.judge("", 0, "id"), Told::first);
  EXPECT_EQ(guard.judge("", 0, "id"), Told::again);
}

TEST(RepeatGuard, OfTooManyGapsTheLowestIsForgotten) {
  RepeatGuard guard;
  for (std::uint64_t i = 1; i <= kRepeatGaps + 1; ++i) guard.judge("life", 2 * i, "");
  EXPECT_EQ(guard.marks().front()->gaps.size(), kRepeatGaps);
  EXPECT_EQ(guard.judge("life", 1, ""), Told::again);
  EXPECT_EQ(guard.judge("life", 3, ""), Told::late);
}

TEST(RepeatGuard, ItsMemoryIsBoundedAndWhoWasToldLastIsKnown) {
  RepeatGuard guard;
  guard.judge("quiet", 1, "");
  guard.judge("busy", 1, "");
  std::uint64_t told = 1;
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_EQ(guard.judge(fmt::format("fact {}", i), 1, ""), Told::first);
    if (i % 1'000 != 0) continue;
    ASSERT_EQ(guard.judge("busy", ++told, ""), Told::first);
  }
  EXPECT_LE(guard.bytes(), kRepeatMarkBytes);
  EXPECT_GT(guard.bytes(), kRepeatMarkBytes / 2);
  const RepeatGuard copy = copy_of(guard);
  EXPECT_EQ(copy.bytes(), guard.bytes());
  for (RepeatGuard one : {guard, copy}) {
    EXPECT_EQ(one.judge("busy", told, ""), Told::again);
    EXPECT_EQ(one.judge("fact 199999", 1, ""), Told::again);
    EXPECT_EQ(one.judge("quiet", 1, ""), Told::first);  // forgotten: taken for new
  }
}

TEST(RepeatGuard, ARunSaysHowManyEventsCameLate) {
  const RunView view = fold_json({
      R"({"epoch":"life","sequence":"1","run_state":{"name":"first"}})",
      R"({"epoch":"life","sequence":"3","run_state":{"name":"third"}})",
      R"({"epoch":"life","sequence":"2","run_state":{"name":"second"}})",
      R"({"epoch":"life","sequence":"2","run_state":{"name":"second"}})",
  });
  EXPECT_EQ(view.header().name, "third");
  EXPECT_EQ(view.header().lost.events, 1U);
  EXPECT_EQ(view.changed_at(), LogOffset{2});
  EXPECT_EQ(encode_summary(view).lost().events(), 1U);
  EXPECT_NE(view.header().lost.reason.find("after later ones"), std::string::npos);
}

}  // namespace
}  // namespace telltale::fold
