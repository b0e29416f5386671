// KeptFiles: whether the files that a log or a store has open are still those that their paths
// name. What is written to a file that was removed, or whose folder was moved away, is acknowledged
// and gone after a restart. Each owner has its own, used by one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace telltale {

class KeptFiles {
 public:
  // The file or folder as it is now; one that is not there is not looked at.
  void keep(std::string path);
  // unavailable, with a sentence, once one of them is another one or none.
  Status check() const;

 private:
  struct File {
    std::string path;
    std::uint64_t device;
    std::uint64_t inode;
  };
  std::vector<File> files_;
};

}  // namespace telltale
