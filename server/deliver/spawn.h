// spawn_detached: starts a program in a session of its own, so that it outlives this process and no
// Ctrl-C meant for the server reaches it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace telltale::deliver {

struct SpawnSpec {
  std::vector<std::string> arguments;                            // the first is the program's path
  std::vector<std::pair<std::string, std::string>> environment;  // added to this process's own
  std::string working_directory;
  std::string output_file;  // stdout and stderr; made with its folder, readable by the owner only
};

// The process id. Whoever asked reaps it.
Result<int> spawn_detached(const SpawnSpec& spec);

}  // namespace telltale::deliver
