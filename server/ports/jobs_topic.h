// The topic of visualization jobs: key: a job's id, value: JobEvent.
#pragma once

namespace telltale::ports {

inline constexpr const char* kJobsTopic = "telltale.jobs";

}  // namespace telltale::ports
