// The drawing of a graph that is too large to be laid out well: rows by layer, in the order in
// which tasks became known, an edge one curve. Takes steps in proportion to boxes and edges,
// whatever the graph. Pure functions; unlike a layout, what they make depends on the tasks alone,
// so that it moves when they change.
#pragma once

#include "drawing/box_graph.h"

namespace telltale::drawing {

// Sets x and y of graph.boxes.
void place_rows(BoxGraph& graph);

}  // namespace telltale::drawing
