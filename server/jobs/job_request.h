// job_request: what people ask for, from JSON. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace telltale::jobs {

struct JobRequest {
  std::string type;
  std::string arguments = "{}";  // canonical
  std::string source;
  std::string run_key;
  std::string task_id;
  bool fresh = false;  // not what is there already
};

// {"type", "arguments", "source", "run", "task", "fresh"}, only the first of them needed.
Result<JobRequest> parse_job_request(std::string_view body);

}  // namespace telltale::jobs
