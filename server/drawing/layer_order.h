// The order of the vertices within each layer, so that few links cross: barycenter sweeps and
// exchanges of neighbours, keeping the best order met. Pure.
#pragma once

#include <cstddef>

#include "drawing/layer_graph.h"

namespace telltale::drawing {

void order_layers(LayerGraph& graph, Work& work);

// Pairs of links that cross, as the layers are ordered now.
std::size_t count_crossings(const LayerGraph& graph);

}  // namespace telltale::drawing
