// JobTypes: what the workers that live can draw, as each told it last. Not in the log: it is as
// true as the worker is alive. Lives on serve's loop.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/runtime.h"

namespace telltale::jobs {

struct JobType {
  std::string digest;                     // of its code and of the environment it runs in
  std::string source = "none";            // optional, required
  std::map<std::string, bool> arguments;  // whether each must be there
  std::string json;                       // as it was told
};

class JobTypes {
 public:
  explicit JobTypes(const ports::Runtime& clock) : clock_(clock) {}

  // {"worker", "environment", "types": [...]}, in the place of what that worker told before.
  Status tell(std::string_view body);
  // It asks for jobs: it lives. False: it told nothing yet, or was silent for too long.
  bool heard(const std::string& worker);
  // Null: nobody draws it. Good until the next call.
  const JobType* find(const std::string& name);
  // {"types": [...]}, by name.
  std::string json();

 private:
  struct Worker {
    std::int64_t heard_us = 0;
    std::map<std::string, JobType> types;
  };
  void forget_silent();

  const ports::Runtime& clock_;
  std::map<std::string, Worker> workers_;
};

}  // namespace telltale::jobs
