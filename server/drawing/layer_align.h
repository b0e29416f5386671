// Where the vertices of ordered layers stand from left to right: lanes straight before short edges,
// parents over their children, neighbours apart, until `work` is over. Pure.
#pragma once

#include <vector>

#include "drawing/layer_graph.h"

namespace telltale::drawing {

// The center of each vertex, in px from anywhere; keeps the order and the room of each layer.
std::vector<double> align_layers(const LayerGraph& graph, Work& work);

}  // namespace telltale::drawing
