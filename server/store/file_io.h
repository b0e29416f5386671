// file_io: whole files and the durable replacement of one, by POSIX. Blocks; for adapters' threads.
#pragma once

#include <string>

#include "base/result.h"

namespace telltale::store {

// not_found where there is none.
Result<std::string> read_file(const std::string& path);
// Old or new, never half: written to `path` + ".tmp", fsynced, renamed, folder fsynced. storage_full
// leaves the old file as it was.
Status replace_file(const std::string& path, const std::string& bytes);

}  // namespace telltale::store
