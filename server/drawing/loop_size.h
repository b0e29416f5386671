// How large the box of a folded loop is, from how many items it has. What the page draws into it is
// written at GraphLayout.Box in schema/view.proto; both follow the constants below. Pure.
#pragma once

#include <cstdint>

namespace telltale::drawing {

inline constexpr float kLoopHeader = 44;  // the line of the name and the line of counts
inline constexpr float kLoopSide = 10;    // left and right of the mosaic
inline constexpr float kLoopFoot = 10;    // below it, progress included
inline constexpr float kCellMin = 8;      // from one cell to the next
inline constexpr float kCellMax = 14;
inline constexpr std::uint32_t kCellColumns = 50;
inline constexpr std::uint32_t kCellRowsMax = 20;  // 1,000 cells; of more items one is a block
// Items of this many tasks or fewer, when they fit in one row, get a column each, a task a row.
inline constexpr std::uint32_t kStagesMax = 6;
inline constexpr float kLoopWidthMin = 240;  // counts of three states
inline constexpr float kLoopWidthMax = kCellColumns * kCellMin + 2 * kLoopSide;

struct LoopSize {
  float width = 0;
  float height = 0;
};

// At least `name_width` wide, for the line of the name. `items` are the loop's children, `stages`
// the most tasks that one of them holds.
LoopSize loop_size(float name_width, std::uint32_t items, std::uint32_t stages);

// What a loop whose items are not known yet is given at most: six rows of fifty.
inline constexpr LoopSize kLoopRoom = {kLoopWidthMax, kLoopHeader + 6 * kCellMin + kLoopFoot};

}  // namespace telltale::drawing
