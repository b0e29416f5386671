// `telltale open`: prints a link that lets one browser act for the owner of the server.
#pragma once

#include "base/result.h"
#include "main/config.h"

namespace telltale::main {

// The address of a page that takes the code from behind the '#', which no server and no log sees.
std::string link_with(const std::string& url, const std::string& code);

Status open_command(const OpenConfig& config);

}  // namespace telltale::main
