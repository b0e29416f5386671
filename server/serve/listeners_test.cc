#include "serve/listeners.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "runtime/sim_runtime.h"
#include "serve/live_limits.h"

namespace telltale::serve {
namespace {

constexpr int kMany = 1'000;

struct Reader final : ViewListener {
  std::size_t views_changed() override {
    ++told;
    if (on_told) on_told();
    return encodes;
  }
  std::size_t encodes = 0;
  int told = 0;
  Listeners::Place place;
  std::function<void()> on_told;
};

class ListenersTest : public testing::Test {
 protected:
  ListenersTest() : readers_(kMany) {
    for (Reader& reader : readers_) reader.place = listeners_.add(&reader);
  }
  int told(int times) const {
    int count = 0;
    for (const Reader& reader : readers_) count += reader.told == times ? 1 : 0;
    return count;
  }

  runtime::SimRuntime loop_{1};
  std::vector<Reader> readers_;
  Listeners listeners_{loop_};
};

TEST_F(ListenersTest, AFewAreToldAtOnceAndTheOthersInLaterTurns) {
  listeners_.tell_all();
  const int at_once = told(1);
  EXPECT_GT(at_once, 0);
  EXPECT_LT(at_once, kMany);
  bool other_work_done_between = false;
  loop_.post([&] { other_work_done_between = told(1) < kMany; });
  loop_.run_until_idle();
  EXPECT_TRUE(other_work_done_between);
  EXPECT_EQ(told(1), kMany);
}

TEST_F(ListenersTest, WhoEncodesMuchHasATurnForItself) {
  for (Reader& reader : readers_) reader.encodes = kLiveTurnBytes;
  listeners_.tell_all();
  EXPECT_EQ(told(1), 1);
  const std::uint64_t turns = loop_.tasks_run();
  loop_.run_until_idle();
  EXPECT_EQ(told(1), kMany);
  EXPECT_EQ(loop_.tasks_run() - turns, std::uint64_t{kMany - 1});
}

TEST_F(ListenersTest, WhoWaitsIsToldOnceOfAllThatChangedMeanwhile) {
  listeners_.tell_all();
  const int before = told(1);
  listeners_.tell_all();
  loop_.run_until_idle();
  EXPECT_EQ(told(2), before);  // those that had been told before it
  EXPECT_EQ(told(1), kMany - before);
}

TEST_F(ListenersTest, OneIsToldAtItsTimeBehindThoseThatWait) {
  Reader& first = readers_.front();
  listeners_.tell_at(first.place, loop_.steady_us() + 1'000);
  loop_.advance(999);
  EXPECT_EQ(first.told, 0);
  int told_before_it = 0;
  first.on_told = [&] { told_before_it = told(1); };
  listeners_.tell_all();  // it comes first, and has to wait when its time comes
  listeners_.tell_at(first.place, loop_.steady_us());
  loop_.advance(1);
  EXPECT_EQ(first.told, 2);
  EXPECT_EQ(told_before_it, kMany - 1);
  loop_.advance(1'000'000);
  EXPECT_EQ(first.told, 2);
}

TEST_F(ListenersTest, SaysHowLongTheLastOneWaited) {
  listeners_.tell_all();
  loop_.run_until_idle();
  EXPECT_EQ(listeners_.waited_us(), 0);
  readers_.front().on_told = [&] { loop_.advance(5'000); };
  listeners_.tell_all();
  EXPECT_EQ(listeners_.waited_us(), 5'000);
}

TEST_F(ListenersTest, OfSeveralTimesTheFirstIsKept) {
  Reader& first = readers_.front();
  for (const std::int64_t at_us : {3'000, 1'000, 2'000})
    listeners_.tell_at(first.place, loop_.steady_us() + at_us);
  listeners_.tell_at(readers_.back().place, loop_.steady_us() + 2'000);
  loop_.advance(1'000);
  EXPECT_EQ(first.told, 1);
  loop_.advance(1'000);
  EXPECT_EQ(readers_.back().told, 1);
}

TEST_F(ListenersTest, WhoTakesALeaversRoomIsNotToldForIt) {
  listeners_.tell_at(readers_.front().place, loop_.steady_us() + 1'000);
  listeners_.remove(readers_.front().place);
  Reader another;
  another.place = listeners_.add(&another);
  loop_.advance(1'000);
  EXPECT_EQ(another.told, 0);
  listeners_.remove(readers_.front().place);  // once more, which is nobody's
  listeners_.tell_all();
  loop_.run_until_idle();
  EXPECT_EQ(another.told, 1);
}

TEST_F(ListenersTest, WhoLeavesWhileOthersAreToldIsToldNoMore) {
  for (int i = 0; i < kMany; i += 2) {
    Reader& leaver = readers_[i];
    readers_[i + 1].on_told = [&] { listeners_.remove(leaver.place); };
    leaver.on_told = [&] { listeners_.remove(leaver.place); };
  }
  listeners_.tell_all();
  loop_.run_until_idle();
  const std::vector<Reader> once = readers_;
  listeners_.tell_all();
  loop_.run_until_idle();
  for (int i = 0; i < kMany; i += 2) {
    EXPECT_LE(once[i].told, 1);
    EXPECT_EQ(readers_[i].told, once[i].told);
    EXPECT_EQ(readers_[i + 1].told, once[i + 1].told + 1);
  }
}

TEST_F(ListenersTest, ARoundEndsWithItsOwner) {
  auto owner = std::make_unique<Listeners>(loop_);
  for (Reader& reader : readers_) owner->add(&reader);
  owner->tell_all();
  const int at_once = told(1);
  owner.reset();
  loop_.run_until_idle();
  EXPECT_EQ(told(1), at_once);
}

}  // namespace
}  // namespace telltale::serve
