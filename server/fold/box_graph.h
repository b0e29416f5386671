// BoxGraph: the boxes of a run's drawing and what flows into what, made from its tasks: loops
// folded to one box, groups dissolved into their tasks, circles cut. A value made and dropped
// within one call of GraphLayout; pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fold/graph_layout.h"

namespace telltale::fold {

inline constexpr float kCardHeight = 44;
inline constexpr float kLayerGap = 36;    // between layers, where edges swing
inline constexpr float kSiblingGap = 24;  // between boxes of one layer

using Node = std::uint32_t;
inline constexpr Node kNoNode = UINT32_MAX;

struct BoxGraph {
  std::vector<Slot> slots;               // of each node, ascending
  std::vector<Node> nodes;               // of each slot, kNoNode = no box
  std::vector<std::vector<Node>> above;  // what each node needs, ascending
  std::vector<std::vector<Node>> below;  // what needs it, ascending
  std::vector<std::uint32_t> rank;       // longest path from the top
  std::vector<Node> order;               // each node after all above it
  std::vector<LayoutBox> boxes;          // sizes; places are for the layout to choose
};

BoxGraph make_box_graph(std::span<const LayoutTask> tasks);

}  // namespace telltale::fold
