// Catalogue: what telltale.runs says of runs: their names and states; and saying there that one was
// deleted. Waits for answers, as StoreCaller does.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "fold/run_state.h"
#include "ports/log.h"

namespace telltale::admin {

struct ListedRun {
  std::string name;
  fold::State state = fold::State::unspecified;
};
using Catalogue = std::map<RunKey, ListedRun>;

Result<Catalogue> read_catalogue(ports::Runtime& loop, ports::Log& log);
// Appends a tombstone for each: every server drops it from its list.
Status unlist(ports::Runtime& loop, ports::Log& log, const std::vector<RunKey>& runs);

}  // namespace telltale::admin
