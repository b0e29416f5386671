#include "jobs/job_request.h"

#include <simdjson.h>

#include <map>

#include "base/ids.h"
#include "base/json.h"
#include "jobs/job_limits.h"

namespace telltale::jobs {
namespace {

namespace dom = simdjson::dom;

Error invalid(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// Members by name, no white space: the same text for what is the same.
std::string canonical(const dom::element& element) {
  dom::object object;
  dom::array array;
  std::string text;
  if (element.get_object().get(object) == simdjson::SUCCESS) {
    std::map<std::string, dom::element> members;
    for (const auto field : object) members.insert_or_assign(json_string(field.key), field.value);
    for (const auto& [name, value] : members)
      text += (text.empty() ? "" : ",") + name + ":" + canonical(value);
    return "{" + text + "}";
  }
  if (element.get_array().get(array) == simdjson::SUCCESS) {
    for (const dom::element item : array) text += (text.empty() ? "" : ",") + canonical(item);
    return "[" + text + "]";
  }
  return simdjson::minify(element);
}

Status take_text(const dom::element& value, const std::string& name, std::size_t most,
                 std::string& text) {
  std::string_view found;
  if (value.get_string().get(found) != simdjson::SUCCESS || found.size() > most)
    return invalid(name + " must be a string of up to " + std::to_string(most) + " bytes.");
  text = std::string(found);
  return Done{};
}

Status take_id(const dom::element& value, const std::string& name, std::string& text) {
  if (Status status = take_text(value, name, kIdLength, text); !status.ok()) return status;
  if (!text.empty() && !is_id(text)) return invalid(name + " has 26 characters of a-z2-7.");
  return Done{};
}

Status take_field(std::string_view name, const dom::element& value, JobRequest& request) {
  if (name == "type") return take_text(value, "type", kNameBytes, request.type);
  if (name == "source") return take_text(value, "source", kSourceUriBytes, request.source);
  if (name == "run") return take_id(value, "run", request.run_key);
  if (name == "task") return take_id(value, "task", request.task_id);
  if (name == "fresh") {
    if (value.get_bool().get(request.fresh) != simdjson::SUCCESS)
      return invalid("fresh is true or false.");
    return Done{};
  }
  if (name == "arguments") {
    if (!value.is_object()) return invalid("arguments is an object of name and value.");
    request.arguments = canonical(value);
    if (request.arguments.size() > kArgumentsBytes)
      return invalid("arguments is larger than 512 KiB: give large data as a source.");
    return Done{};
  }
  return invalid("'" + std::string(name.substr(0, 64)) +
                 "' is not known here. Known are type, source, arguments, run, task, fresh.");
}

}  // namespace

Result<JobRequest> parse_job_request(std::string_view body) {
  dom::parser parser;
  dom::object object;
  if (parser.parse(body.data(), body.size()).get_object().get(object) != simdjson::SUCCESS)
    return invalid(R"(The body is no JSON object. Send {"type": "...", "arguments": {...}}.)");
  JobRequest request;
  for (const auto field : object) {
    if (Status status = take_field(field.key, field.value, request); !status.ok())
      return status.error();
  }
  if (request.type.empty()) return invalid("type is missing: what to draw.");
  if (!request.task_id.empty() && request.run_key.empty())
    return invalid("task is one of a run: give run as well.");
  return request;
}

}  // namespace telltale::jobs
