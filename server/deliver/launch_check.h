// launch_check: what may be started: a file that nobody but the server's user and root can change,
// or put another in the place of, in a folder of that kind. A look at the file system, without
// opening anything; blocks for as long as that takes.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "deliver/target_local.h"

namespace telltale::deliver {

// One argument of a process: Linux takes 128 KiB with its end (MAX_ARG_STRLEN).
inline constexpr std::size_t kArgumentBytes = (128U << 10) - 1;

// The launch with the file and the folder under the names the kernel has for them, so that no link
// on the way leads elsewhere later; or a sentence that says what keeps it from being started.
// Without a folder, the file's own.
Result<LaunchSpec> check_launch(LaunchSpec spec);

}  // namespace telltale::deliver
