// refold: a run folded again from its archived events, where its snapshot is missing, damaged or of
// another version of the fold. Lives on the loop it is given.
#pragma once

#include <vector>

#include "base/counters.h"
#include "base/unique_function.h"
#include "fold/run_view.h"
#include "keep/event_block.h"
#include "ports/store.h"

namespace telltale::keep {

// Answers the run with every event before `before` that the archive has or that is among
// `on_their_way`, which ascend, each applied once and in the order of the log; empty where there is
// none. An error of the store: to be tried again.
void refold(ports::Runtime& loop, ports::Store& store, Counters& counters, const RunKey& run,
            LogOffset before, std::vector<keep::EventBlock> on_their_way,
            UniqueFunction<void(Result<fold::RunView>)> done);

}  // namespace telltale::keep
