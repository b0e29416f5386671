// JobSources: which files visualizations may be drawn from: those below the folders that the
// operator named, found without following a link, and nothing of the server's own. Reads no byte of
// them. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace telltale::jobs {

struct SourceFile {
  std::string path;     // absolute, without links
  std::string version;  // another one once the file is another
};

class JobSources {
 public:
  // What lies below `own` is never a source. invalid_argument: a root is no folder.
  static Result<JobSources> open(const std::vector<std::string>& roots, const std::string& own);

  // "/path" or "file:///path". invalid_argument: it is no file that may be read; not_found: it is
  // not there.
  Result<SourceFile> find(std::string_view uri) const;

 private:
  std::vector<std::string> roots_;  // absolute, without links
  std::string own_;
};

}  // namespace telltale::jobs
