// file_io: whole files and the durable replacement of one, by POSIX. Blocks; for adapters' threads.
#pragma once

#include <string>

#include "base/result.h"

namespace telltale::store {

// not_found where there is none.
Result<std::string> read_file(const std::string& path);
// Ends the name of a file that is being written. No store key has it.
inline constexpr char kUnfinished = '~';
// Old or new, never half: written to `path` + kUnfinished, fsynced, renamed, folder fsynced. Makes
// the folders above. storage_full leaves the old file as it was.
Status replace_file(const std::string& path, const std::string& bytes);
// Done too where no such file is, be it for want of a folder or because the path is one.
Status remove_file(const std::string& path);

}  // namespace telltale::store
