// The verbs of who develops pipelines, `telltale init`, `push`, `runs` …: written in Python
// (python/commands), which this program becomes. They ask a server as any client does.
#pragma once

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace telltale::main {

// So that `telltale --help` names them. What stands behind one is for Python to read.
void add_python_commands(CLI::App& app);

// Nothing where `arguments` (of the program, its name included) begin with none of them; else it
// returns only where Python could not be started. `files_mode`: the umask the user has.
Status become_python_command(const std::vector<std::string>& arguments, const std::string& home,
                             mode_t files_mode);

}  // namespace telltale::main
