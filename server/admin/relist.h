// relist: says again in telltale.runs what runs the store has, for a log that was lost or is older
// than its store. Waits for answers, as StoreCaller does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "admin/catalogue.h"
#include "admin/inventory.h"
#include "admin/store_caller.h"
#include "base/counters.h"

namespace telltale::admin {

// By partition, up to where the store has every event: a log that fits ends there or behind it.
std::map<int, LogOffset> reach_of(const Inventory& inventory);

struct Relisted {
  std::uint64_t runs = 0;
  std::uint64_t left = 0;  // whose snapshot and events cannot be read; `say` has each
};

// Appends a summary for each run of the inventory that the catalogue does not name, or for all of
// them, each as its snapshot has it, else as its archived events have it.
Result<Relisted> relist(StoreCaller& store, ports::Log& log, const Inventory& inventory,
                        const Catalogue& catalogue, bool all,
                        const std::function<void(const std::string&)>& say);

}  // namespace telltale::admin
