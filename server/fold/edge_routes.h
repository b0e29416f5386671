// Routes of edges between placed boxes: down, around the boxes of the layers between, as chains of
// cubic Béziers. Pure function.
#pragma once

#include <vector>

#include "fold/box_graph.h"

namespace telltale::fold {

// By (to, from) in node order. `boxes` of each node stand where they are drawn.
std::vector<LayoutEdge> route_edges(const BoxGraph& graph);

}  // namespace telltale::fold
