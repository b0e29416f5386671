// `telltale admin`: lists, verifies and deletes what the store has of runs, and mends a log that
// does not fit its store.
#pragma once

#include "base/result.h"
#include "main/config.h"

namespace CLI {
class App;
}

namespace telltale::main {

// The subcommand admin and its own ones, whose flags fill `config`.
const CLI::App& add_admin(CLI::App& app, AdminConfig& config);
// Does what was parsed. Answers the exit status: 1 where verify found something wrong.
Result<int> admin_command(const CLI::App& admin, AdminConfig config);

}  // namespace telltale::main
