// `telltale import argo-watch`: plays recorded watch streams to a server as if the cluster told
// them now: for bug reports, demonstrations and tests. Prints the key of each run as it meets it,
// and ends when the server has all of it on disk.
#pragma once

#include "base/result.h"
#include "main/config.h"

namespace telltale::main {

Status import_command(const ImportConfig& config);

}  // namespace telltale::main
