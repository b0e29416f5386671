#include "drawing/loop_size.h"

#include <gtest/gtest.h>

namespace telltale::drawing {
namespace {

TEST(LoopSize, FitsWhatItHolds) {
  const auto expect = [](std::uint32_t items, std::uint32_t stages, float width, float height) {
    SCOPED_TRACE(std::to_string(items) + " items of " + std::to_string(stages));
    EXPECT_EQ(loop_size(200, items, stages).width, width);
    EXPECT_EQ(loop_size(200, items, stages).height, height);
  };
  expect(0, 0, 240, 68);
  expect(1, 1, 240, 68);
  expect(12, 1, 240, 68);   // a row of cells of 14 px
  expect(12, 4, 240, 110);  // a column for each item
  expect(30, 1, 410, 68);
  expect(50, 1, 420, 68);
  expect(51, 1, 420, 70);
  expect(60, 4, 420, 70);  // too many for columns
  expect(12, 7, 240, 68);  // too many tasks for rows
  expect(300, 1, 420, 102);
  expect(1'000, 1, 420, 214);
  expect(10'000, 1, 420, 214);  // blocks
}

TEST(LoopSize, FitsItsName) {
  EXPECT_EQ(loop_size(330, 3, 1).width, 330);
  EXPECT_EQ(loop_size(900, 3, 1).width, kLoopWidthMax);
}

}  // namespace
}  // namespace telltale::drawing
