// Snapshots: a whole RunView as bytes and back (schema/snapshot.proto), so that a reader needs one
// snapshot and the tail of the log instead of every event. decode(encode(view)) continues exactly
// as `view` would have. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "fold/run_view.h"

namespace telltale::fold {

// Raised whenever the same events would fold to another state: what an older version wrote is then
// folded again from the events.
inline constexpr std::uint32_t kFoldVersion = 6;

// too_large: it would be more than `most` bytes, and nothing else is left than the run's events.
Result<std::string> encode(const RunView& view, std::size_t most = limits::kSnapshotBytes);
// corrupt: the bytes are not what was written. precondition_failed: written by another version of
// the fold; fold the run's events again.
Result<RunView> decode(std::string_view bytes);
// corrupt: the bytes are not what any version of the fold wrote.
Status check_snapshot(std::string_view bytes);

}  // namespace telltale::fold
