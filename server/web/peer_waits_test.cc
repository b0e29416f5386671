#include "web/peer_waits.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace telltale::web {
namespace {

TEST(PeerWaits, TheLongestMakesRoomAndOnlyAPieceRenewsAWait) {
  PeerWaits waits;
  std::string dropped;
  PeerWaits::Place drips(waits, [&] { dropped += "drips "; });
  PeerWaits::Place moves(waits, [&] { dropped += "moves "; });
  PeerWaits::Place idles(waits, [&] { dropped += "idles "; });
  for (int i = 0; i < 1'000; ++i) drips.came(1);
  moves.went(limits::kBodyPieceBytes);
  EXPECT_TRUE(waits.drop_longest());
  EXPECT_TRUE(waits.drop_longest());
  EXPECT_TRUE(waits.drop_longest());
  EXPECT_EQ(dropped, "drips idles moves ");
  EXPECT_FALSE(waits.drop_longest()) << "each is dropped once";
}

TEST(PeerWaits, WhoHoldsBytesAndSendsNoMoreGivesThemUp) {
  PeerWaits waits;
  std::string dropped;
  PeerWaits::Place idles(waits, [&] { dropped += "idles "; });
  PeerWaits::Place holds(waits, [&] { dropped += "holds "; });
  holds.came(10);
  EXPECT_FALSE(waits.drop_stalled(std::chrono::hours(1)));
  EXPECT_TRUE(waits.drop_stalled(std::chrono::seconds(0)));
  EXPECT_EQ(dropped, "holds ");
}

TEST(PeerWaits, WhoWaitsNoMoreIsNotDropped) {
  PeerWaits waits;
  {
    const PeerWaits::Place gone(waits, [] { FAIL(); });
  }
  EXPECT_FALSE(waits.drop_longest());
}

}  // namespace
}  // namespace telltale::web
