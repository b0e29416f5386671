// The events of one run, as they were told, for GET /api/v1/runs/{key}/events: from the archive as
// far as all of it is there, then from the log. Reads what it is asked for and keeps nothing; lives
// on serve's loop. Where the run has too many for one answer it says where the next one goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::serve {

struct RunEventsPage {
  std::string ndjson;  // an Event a line, with its `position`
  std::uint64_t events = 0;
  std::optional<LogOffset> more_after;  // there are more, or may be
};

struct RunEventsQuery {
  RunKey run;
  std::optional<LogOffset> since;  // those after it
  std::size_t events_max = 0;
};

// `log` and `store` outlive the answer's loop. not_found where no event ever named the run.
void read_run_events(ports::Runtime& loop, ports::Log& log, ports::Store& store,
                     RunEventsQuery query, UniqueFunction<void(Result<RunEventsPage>)> done);

}  // namespace telltale::serve
