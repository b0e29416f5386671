// Routes of edges between placed boxes as chains of cubic Béziers: down, around the boxes of the
// layers between, sideways only in the gaps between layers. Pure function.
#pragma once

#include <span>
#include <vector>

#include "drawing/box_graph.h"

namespace telltale::drawing {

// By (to, from) in node order. `boxes` of each node stand where they are drawn; `lanes` by
// (to, from), see GraphLayout.
std::vector<LayoutEdge> route_edges(const BoxGraph& graph, std::span<const LayoutLane> lanes,
                                    Work& work);

// One curve each, from box to box, whatever stands between.
std::vector<LayoutEdge> draw_direct(const BoxGraph& graph);

}  // namespace telltale::drawing
