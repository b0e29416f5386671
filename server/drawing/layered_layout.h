// The whole drawing at once: layers by rank, few crossings, straight chains, a lane for each edge
// that passes layers. Pure function, called by GraphLayout when nothing is placed yet.
#pragma once

#include <vector>

#include "drawing/box_graph.h"

namespace telltale::drawing {

// Sets x and y of graph.boxes; the drawing's corner is 0, 0. Lanes by (to, from) in node order; the
// longest edges of a dense graph are left without. When `work` is over at the end, nothing of it is
// of use.
std::vector<LayoutLane> place_all(BoxGraph& graph, Work& work);

}  // namespace telltale::drawing
