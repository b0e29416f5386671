// EventReader: reads a run's archived events from the store, in the order of the log and each once,
// a few blocks on their way at a time. Lives on the loop it is given; whoever asks may be gone when
// the answer comes, the store may not.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/unique_function.h"
#include "keep/event_block.h"
#include "ports/store.h"

namespace telltale::keep {

struct ArchiveRead {
  std::uint64_t blocks = 0;
  std::uint64_t damaged = 0;  // blocks that could not be read; the others are worth it
};

using OnEvent = UniqueFunction<void(const keep::ArchivedEvent&)>;
// An error of the store ends the reading; what came before it was given out.
using ReadDone = UniqueFunction<void(Result<ArchiveRead>)>;

void read_events(ports::Runtime& loop, ports::Store& store, const RunKey& run, OnEvent on_event,
                 ReadDone done);

}  // namespace telltale::keep
