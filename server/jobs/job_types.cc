#include "jobs/job_types.h"

#include <simdjson.h>

#include "base/ids.h"
#include "jobs/job_limits.h"

namespace telltale::jobs {
namespace {

namespace dom = simdjson::dom;

Error invalid(const char* message) { return {ErrorCode::invalid_argument, message}; }

std::string text_of(const dom::element& object, const char* name) {
  std::string_view text;
  return object[name].get_string().get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

Result<JobType> type_of(const dom::element& element, const std::string& environment) {
  JobType type;
  type.digest = hash_id({text_of(element, "digest"), environment});
  type.source = text_of(element, "source");
  if (type.source.empty()) type.source = "none";
  if (type.source != "none" && type.source != "optional" && type.source != "required")
    return invalid("A type's source is none, optional or required.");
  dom::array arguments;
  if (element["arguments"].get_array().get(arguments) == simdjson::SUCCESS) {
    for (const dom::element argument : arguments) {
      const std::string name = text_of(argument, "name");
      if (name.empty()) return invalid("An argument has a name.");
      bool required = false;
      if (argument["required"].get_bool().get(required) != simdjson::SUCCESS) required = false;
      type.arguments[name] = required;
    }
  }
  type.json = simdjson::minify(element);
  return type;
}

}  // namespace

Status JobTypes::tell(std::string_view body) {
  dom::parser parser;
  dom::element told;
  dom::array types;
  if (parser.parse(body.data(), body.size()).get(told) != simdjson::SUCCESS ||
      told["types"].get_array().get(types) != simdjson::SUCCESS)
    return invalid(R"(Send {"worker": "...", "environment": "...", "types": [...]}.)");
  const std::string name = text_of(told, "worker");
  if (name.empty() || name.size() > kNameBytes) return invalid("A worker has a name.");
  Worker worker;
  worker.heard_us = clock_.steady_us();
  const std::string environment = text_of(told, "environment");
  for (const dom::element element : types) {
    const std::string type_name = text_of(element, "name");
    if (type_name.empty() || type_name.size() > kNameBytes) return invalid("A type has a name.");
    Result<JobType> type = type_of(element, environment);
    if (!type.ok()) return type.error();
    worker.types[type_name] = type.take();
    if (worker.types.size() > kTypes) return invalid("A worker has up to 1000 types.");
  }
  forget_silent();
  if (workers_.count(name) == 0 && workers_.size() >= kWorkers)
    return Error{ErrorCode::too_many_requests, "As many workers are known as may be."};
  workers_[name] = std::move(worker);
  return Done{};
}

bool JobTypes::heard(const std::string& worker) {
  forget_silent();
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return false;
  found->second.heard_us = clock_.steady_us();
  return true;
}

const JobType* JobTypes::find(const std::string& name) {
  forget_silent();
  for (const auto& [worker, known] : workers_) {
    const auto found = known.types.find(name);
    if (found != known.types.end()) return &found->second;
  }
  return nullptr;
}

std::string JobTypes::json() {
  forget_silent();
  std::map<std::string, const std::string*> types;
  for (const auto& [worker, known] : workers_) {
    for (const auto& [name, type] : known.types) types.emplace(name, &type.json);
  }
  std::string list;
  for (const auto& [name, json] : types) list += (list.empty() ? "" : ",") + *json;
  return "{\"types\":[" + list + "]}\n";
}

void JobTypes::forget_silent() {
  const std::int64_t now_us = clock_.steady_us();
  std::erase_if(workers_, [&](const auto& worker) {
    return now_us - worker.second.heard_us > kWorkerGoneUs;
  });
}

}  // namespace telltale::jobs
