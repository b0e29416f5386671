// `telltale confine FILES PROGRAM [ARGUMENT...]`: becomes that program within limits, which it and
// all that it starts keep: no privileges that it does not have (no setuid program gives it any), at
// most FILES open files, what it writes its user's alone, and no file of ours open. Between
// the server and what it starts on this machine; nobody needs to call it by hand. Returns only
// where the program cannot be started.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace telltale::main {

// How many files this process may have open, before it allows itself more.
std::uint64_t open_files_limit();

// What stands before a command so that it runs within limits.
std::vector<std::string> confined_to(std::uint64_t open_files);

int confine_command(int argc, char** argv);

}  // namespace telltale::main
