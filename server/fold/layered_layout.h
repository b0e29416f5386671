// The whole drawing at once: layers by rank, few crossings, straight chains. Pure function, called
// by GraphLayout when nothing is placed yet.
#pragma once

#include "fold/box_graph.h"

namespace telltale::fold {

// Sets x and y of graph.boxes; the drawing's corner is 0, 0.
void place_all(BoxGraph& graph);

}  // namespace telltale::fold
