// Checkpoint: up to where a partition's runs are all in the store, and the keys of what is there.
// Written by the fold loop, read by it and by every reader that opens a run. Text of one line a
// field, so that a person can read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace telltale::fold {

struct Checkpoint {
  LogOffset next{};                // every event before it is in its run's snapshot
  std::uint32_t fold_version = 0;  // of the code that folded; another one folds again from events
};

std::string encode_checkpoint(const Checkpoint& checkpoint);
Result<Checkpoint> decode_checkpoint(std::string_view bytes);

std::string checkpoint_key(int partition);
std::string snapshot_key(const RunKey& run);

}  // namespace telltale::fold
