// Removal: deleting runs from the store: which ones a request names, why one is left alone, and
// taking away what there is of it. Nothing is decided by the log; its records stay until their
// retention ends.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "admin/catalogue.h"
#include "admin/inventory.h"
#include "admin/store_caller.h"
#include "base/counters.h"

namespace telltale::admin {

struct RemovalRequest {
  std::optional<RunKey> run;                      // this one,
  std::optional<std::int64_t> written_before_us;  // or all that were written last before then
  bool force = false;                             // also runs that may go on
  bool dry_run = false;                           // only says what would be removed
};

struct Removal {
  std::vector<RunKey> runs;  // removed, or to be
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  std::uint64_t left = 0;  // runs that were old enough but may go on
};

// `say` gets a sentence for each run. not_found: there is no such run. precondition_failed: the one
// run that was asked for may go on. Stops at the first error of the store; what was removed until
// then is gone, and `removed` says so.
Status remove_runs(StoreCaller& store, const Inventory& inventory, const Catalogue& catalogue,
                   const RemovalRequest& request,
                   const std::function<void(const std::string&)>& say, Removal& removed);

// "30d", "12h", "90m", "45s", in microseconds.
Result<std::int64_t> parse_age(const std::string& text);

}  // namespace telltale::admin
