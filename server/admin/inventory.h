// Inventory: what the store has, a line a run, from its listing, the checkpoints and the list of
// runs; no snapshot is read for it. A plain value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "admin/catalogue.h"
#include "admin/store_caller.h"
#include "base/ids.h"
#include "keep/checkpoint.h"

namespace telltale::admin {

struct RunObjects {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;  // with its range of a pack
  std::uint64_t event_blocks = 0;
  std::int64_t written_at_us = 0;  // the newest of its objects; 0: none of its own yet
  bool open = false;               // stands in a checkpoint
};

struct PartitionState {
  keep::Checkpoint checkpoint;
  std::string etag;
};

struct Inventory {
  std::map<RunKey, RunObjects> runs;
  std::map<int, PartitionState> partitions;
  std::uint64_t objects = 0;  // of the whole store
  std::uint64_t bytes = 0;
  std::vector<std::string> troubles;  // checkpoints that cannot be read
};

Result<Inventory> take_inventory(StoreCaller& store);
// The number in partitions/<n>/checkpoint; -1 for any other key.
int checkpoint_partition(const std::string& key);

enum class RunOrder { written, bytes };
// For a person: a table, the biggest or the newest first, and a line of sums.
std::string inventory_text(const Inventory& inventory, const Catalogue& catalogue, RunOrder order);
// For a program: {"runs":[…],"objects":…,"bytes":…}
std::string inventory_json(const Inventory& inventory, const Catalogue& catalogue, RunOrder order);

}  // namespace telltale::admin
