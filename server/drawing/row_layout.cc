#include "drawing/row_layout.h"

#include <algorithm>
#include <vector>

namespace telltale::drawing {
namespace {

constexpr std::size_t kRowBoxes = 24;

}  // namespace

void place_rows(BoxGraph& graph) {
  // By rank, counting sort; tasks without any edge after all others.
  std::uint32_t ranks = 0;
  for (const std::uint32_t rank : graph.rank) ranks = std::max(ranks, rank + 1);
  const auto rank_of = [&](Node node) {
    return graph.above[node].empty() && graph.below[node].empty() ? ranks : graph.rank[node];
  };
  std::vector<std::vector<Node>> rows(std::size_t{ranks} + 1);
  for (Node node = 0; node < graph.boxes.size(); ++node) rows[rank_of(node)].push_back(node);
  float y = 0;
  for (const std::vector<Node>& row : rows) {
    for (std::size_t begin = 0; begin < row.size(); begin += kRowBoxes) {
      const std::size_t end = std::min(row.size(), begin + kRowBoxes);
      float x = 0;
      float height = 0;
      for (std::size_t i = begin; i < end; ++i) {
        LayoutBox& box = graph.boxes[row[i]];
        box.x = x + (room_width(box) - box.width) / 2;
        box.y = y;
        x += room_width(box) + kSiblingGap;
        height = std::max(height, room_height(box));
      }
      y += height + kLayerGap;
    }
  }
}

}  // namespace telltale::drawing
