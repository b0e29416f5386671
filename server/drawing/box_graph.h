// BoxGraph: the boxes of a run's drawing and what flows into what, made from its tasks: loops
// folded to one box, groups dissolved into their tasks, circles cut. A value made and dropped
// within one call of GraphLayout; pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "drawing/layout_types.h"
#include "drawing/loop_size.h"
#include "drawing/work.h"

namespace telltale::drawing {

inline constexpr float kCardHeight = 44;
inline constexpr float kLayerGap = 24;    // between layers, at least
inline constexpr float kSiblingGap = 24;  // between boxes of one layer
inline constexpr float kLaneGap = 12;     // between lanes, and between a lane and a box
inline constexpr float kClearance = 10;   // between any edge and a box it does not lead to

using Node = std::uint32_t;
inline constexpr Node kNoNode = UINT32_MAX;

struct BoxGraph {
  std::vector<Slot> slots;               // of each node, ascending
  std::vector<std::vector<Node>> above;  // what each node needs, ascending
  std::vector<LayoutBox> boxes;          // sizes; places are for the layout to choose
  // By slot.
  std::vector<Node> nodes;              // kNoNode = no box
  std::vector<Slot> loops;              // the folded box a task is drawn in, kNoSlot = none
  std::vector<std::uint32_t> children;  // tasks that stand directly in it; a loop's items
  std::vector<std::uint32_t> stages;    // the most children that one of its children has
  // As of make_box_graph(): growth leaves them as they were.
  std::vector<std::vector<Node>> below;  // what needs a node, ascending
  std::vector<std::uint32_t> rank;       // longest path from the top
  std::vector<Node> order;               // each node after all above it
};

// An edge of the run that ends at a group leads to each of its first or last tasks, or, for a
// drawing by rows, to one.
enum class GroupEnds { all, one };

// When `work` is over it stops halfway: what it returns is then of no use.
BoxGraph make_box_graph(std::span<const LayoutTask> tasks, Work& work,
                        GroupEnds ends = GroupEnds::all);

// What one more task brings.
struct Growth {
  enum class Kind {
    nothing,
    box,      // `node`, not placed yet
    item,     // of the loop at `node`
    rebuild,  // it changes what was there: make the graph again
  };
  Kind kind = Kind::nothing;
  Node node = kNoNode;
};

// Adds the task at `slot`, the first one `graph` does not know, if that changes nothing of the
// others: then `graph` is as make_box_graph() would make it.
Growth grow_box_graph(BoxGraph& graph, std::span<const LayoutTask> tasks, Slot slot);

// The room a box takes in its layer: a loop's own, or what it may grow to. Around the box's middle,
// from its top.
inline float room_width(const LayoutBox& box) {
  return box.awaits ? std::max(box.width, kLoopRoom.width) : box.width;
}
inline float room_height(const LayoutBox& box) {
  return box.awaits ? std::max(box.height, kLoopRoom.height) : box.height;
}

}  // namespace telltale::drawing
