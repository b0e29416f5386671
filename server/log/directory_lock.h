// DirectoryLock: a folder is used by one process at a time; a file in it says by which. The kernel
// lets go of it when the process ends, however it ends. Owned by the log; on no loop.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace telltale::log {

class DirectoryLock {
 public:
  // Makes the folder if it is missing. unavailable: another process has it, and the message says
  // which.
  static Result<std::unique_ptr<DirectoryLock>> take(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

}  // namespace telltale::log
