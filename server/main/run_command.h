// `telltale run`: asks a server to run a pipeline file and prints where to watch it.
#pragma once

#include "base/result.h"
#include "main/config.h"

namespace telltale::main {

Status run_command(const RunConfig& config);

}  // namespace telltale::main
