// The folder of --data is its owner's alone: others of the machine could read every log and every
// parameter in it, past all tokens. Used while nothing else is at work.
#pragma once

#include <string>

#include "base/result.h"

namespace telltale::main {

// Makes the folder, or takes from its group and from others what an earlier version gave them of
// what is ours in it; says so in the log. A folder that holds other things as well stays as it is,
// and the log says that.
Status prepare_data_folder(const std::string& folder);

}  // namespace telltale::main
