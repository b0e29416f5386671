#include "serve/listeners.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "runtime/sim_runtime.h"

namespace telltale::serve {
namespace {

constexpr int kMany = 1'000;

struct Reader final : ViewListener {
  void views_changed() override {
    ++told;
    if (on_told) on_told();
  }
  int told = 0;
  Listeners::Place place = 0;
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

TEST_F(ListenersTest, WhoWaitsIsToldOnceOfAllThatChangedMeanwhile) {
  listeners_.tell_all();
  const int before = told(1);
  listeners_.tell_all();
  loop_.run_until_idle();
  EXPECT_EQ(told(2), before);  // those that had been told before it
  EXPECT_EQ(told(1), kMany - before);
}

TEST_F(ListenersTest, OneIsToldAtOnceOrBehindThoseThatWait) {
  Reader& first = readers_.front();
  listeners_.tell(first.place);
  EXPECT_EQ(first.told, 1);
  listeners_.tell_all();
  EXPECT_EQ(first.told, 2);
  int told_before_it = 0;
  first.on_told = [&] { told_before_it = told(1); };
  listeners_.tell(first.place);
  EXPECT_EQ(first.told, 2);
  loop_.run_until_idle();
  EXPECT_EQ(first.told, 3);
  EXPECT_EQ(told_before_it, kMany - 1);
}

TEST_F(ListenersTest, SaysHowLongTheLastOneWaited) {
  listeners_.tell_all();
  loop_.run_until_idle();
  EXPECT_EQ(listeners_.waited_us(), 0);
  readers_.front().on_told = [&] { loop_.advance(5'000); };
  listeners_.tell_all();
  EXPECT_EQ(listeners_.waited_us(), 5'000);
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
