// verify: reads all that the store has of partitions and runs, and compares it with its checksums
// and with what speaks of it: ranges of packs, manifests, snapshots, blocks of events; of each run
// whether the events are there that its snapshot and its later blocks speak of. Servers may
// be at work meanwhile: what a newer checkpoint has moved is looked for again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "admin/store_caller.h"

namespace telltale::admin {

struct Verified {
  std::uint64_t partitions = 0;
  std::uint64_t runs = 0;  // that have a snapshot or events
  std::uint64_t snapshots = 0;
  std::uint64_t other_versions = 0;  // of these: whole, but of another version of the fold
  std::uint64_t event_blocks = 0;
  std::uint64_t events = 0;   // in them, repeats included
  std::uint64_t unnamed = 0;  // packs and snapshots that nothing names; the fold removes them
  std::uint64_t wrong = 0;
};

struct VerifyReport {
  std::function<void(const std::string& sentence)> wrong;
  std::function<void(const std::string& sentence)> note;  // what is as it should be, and worth it
};

// An error: the store cannot be read, which says nothing of what is in it.
Result<Verified> verify(StoreCaller& store, const VerifyReport& report);

}  // namespace telltale::admin
