// launch_request: the body of POST /api/v1/runs. Pure.
#pragma once

#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "deliver/target_local.h"

namespace telltale::deliver {

struct LaunchRequest {
  std::optional<RunKey> again;
  LaunchSpec spec;  // when not `again`
};

// {"pipeline_file": "…", "working_directory": "…", "pipeline": "…", "parameters": {…}} or {"again":
// "RUN_KEY"}.
// Parameters that are no strings are taken as their JSON text. Unknown fields are refused by name.
Result<LaunchRequest> parse_launch_request(std::string_view body);

// What the system takes as one argument of a process is bounded; invalid_argument beyond that.
Status check_arguments(const LaunchSpec& spec);

// The value of --param for a parameter kept as JSON text: a string without its quotes.
std::string parameter_argument(const std::string& json);

}  // namespace telltale::deliver
