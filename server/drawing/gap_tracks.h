// The tracks of one gap between two layers: which net swings above which. Pure; used by EdgePlan.
#pragma once

#include <cstdint>
#include <vector>

#include "drawing/edge_plan.h"

namespace telltale::drawing {

// Sets `track` of swings[i] for each i of `which`, all of one gap. Returns how many tracks that
// takes. Once `work` is over all share one.
std::uint32_t assign_gap_tracks(std::vector<EdgePlan::Swing>& swings,
                                std::vector<std::uint32_t>& which, Work& work);

}  // namespace telltale::drawing
