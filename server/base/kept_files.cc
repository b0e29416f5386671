#include "base/kept_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

namespace telltale {

void KeptFiles::keep(std::string path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  files_.push_back({std::move(path), status.st_dev, status.st_ino});
}

Status KeptFiles::check() const {
  for (const File& file : files_) {
    struct stat status {};
    const bool there = ::stat(file.path.c_str(), &status) == 0;
    if (there && status.st_dev == file.device && status.st_ino == file.inode) continue;
    return Error{ErrorCode::unavailable,
                 fmt::format("{} was {} while it was in use. What is written now would be gone "
                             "after a restart, so nothing is taken. Put it back, or restart the "
                             "server to go on with what is there.",
                             file.path, there ? "replaced" : "removed")};
  }
  return Done{};
}

}  // namespace telltale
