#include "drawing/loop_size.h"

#include <algorithm>
#include <cmath>

namespace telltale::drawing {

LoopSize loop_size(float name_width, std::uint32_t items, std::uint32_t stages) {
  const std::uint32_t columns = std::clamp(items, 1U, kCellColumns);
  std::uint32_t rows = std::min((items + kCellColumns - 1) / kCellColumns, kCellRowsMax);
  if (items <= kCellColumns && stages <= kStagesMax) rows = std::max(rows, stages);
  const float across = kLoopWidthMax - 2 * kLoopSide;
  const float cell =
      std::clamp(std::floor(across / static_cast<float>(columns)), kCellMin, kCellMax);
  // Even, as every width is.
  const float mosaic = std::ceil(static_cast<float>(columns) * cell / 2) * 2 + 2 * kLoopSide;
  LoopSize size;
  size.width = std::min(std::max({kLoopWidthMin, name_width, mosaic}), kLoopWidthMax);
  size.height = kLoopHeader + std::max(static_cast<float>(rows) * cell, kCellMax) + kLoopFoot;
  return size;
}

}  // namespace telltale::drawing
