#include "deliver/launch_request.h"

#include <simdjson.h>

#include "base/limits.h"

namespace telltale::deliver {
namespace {

namespace dom = simdjson::dom;

Error invalid(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// A process would take its argument only up to there.
bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Status take_text(const dom::element& value, const char* name, std::string& text) {
  std::string_view found;
  if (value.get_string().get(found) != simdjson::SUCCESS)
    return invalid(std::string(name) + " must be a string.");
  if (has_nul(found)) return invalid(std::string(name) + " holds a NUL character.");
  text = std::string(found);
  return Done{};
}

Status take_parameters(const dom::element& value, LaunchSpec& spec) {
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS)
    return invalid("parameters must be an object of name and value.");
  for (const auto field : object) {
    const std::string name(field.key);
    if (name.empty() || name.find('=') != std::string::npos)
      return invalid("A parameter's name is not empty and has no '='.");
    std::string_view text;
    std::string parameter = field.value.get_string().get(text) == simdjson::SUCCESS
                                ? std::string(text)
                                : simdjson::minify(field.value);
    if (has_nul(name) || has_nul(parameter))
      return invalid("A parameter's name or value holds a NUL character.");
    spec.parameters[name] = std::move(parameter);
  }
  return Done{};
}

Status take_field(std::string_view name, const dom::element& value, LaunchRequest& request) {
  if (name == "pipeline_file") return take_text(value, "pipeline_file", request.spec.pipeline_file);
  if (name == "working_directory")
    return take_text(value, "working_directory", request.spec.working_directory);
  if (name == "pipeline") return take_text(value, "pipeline", request.spec.pipeline);
  if (name == "parameters") return take_parameters(value, request.spec);
  if (name == "again") {
    std::string key;
    if (Status status = take_text(value, "again", key); !status.ok()) return status;
    request.again = RunKey::parse(key);
    if (!request.again) return invalid("again is no run key: it has 26 characters of a-z2-7.");
    return Done{};
  }
  return invalid("'" + std::string(name.substr(0, 64)) +
                 "' is not known here. Known are pipeline_file, working_directory, pipeline, "
                 "parameters, again.");
}

}  // namespace

Result<LaunchRequest> parse_launch_request(std::string_view body) {
  dom::parser parser;
  dom::object object;
  if (parser.parse(body.data(), body.size()).get_object().get(object) != simdjson::SUCCESS)
    return invalid("The body is no JSON object. Send {\"pipeline_file\": \"/path/pipeline.py\"}.");
  LaunchRequest request;
  for (const auto field : object) {
    if (Status status = take_field(field.key, field.value, request); !status.ok())
      return status.error();
  }
  if (request.again) return request;
  if (request.spec.pipeline_file.empty())
    return invalid("pipeline_file is missing: the path of a file with a @dsl.pipeline.");
  if (request.spec.pipeline_file.front() != '/')
    return invalid("pipeline_file must be an absolute path.");
  return request;
}

Status check_arguments(const LaunchSpec& spec) {
  const auto too_large = [](const std::string& what) {
    return invalid(what.substr(0, 64) + " is larger than the " +
                   std::to_string(limits::kArgumentBytes) + " bytes that an argument may have.");
  };
  for (const std::string* text : {&spec.pipeline_file, &spec.working_directory, &spec.pipeline}) {
    if (text->size() > limits::kArgumentBytes) return too_large("A name or path");
  }
  for (const auto& [name, value] : spec.parameters) {
    if (name.size() + value.size() > limits::kArgumentBytes)
      return too_large("The parameter " + name);
  }
  return Done{};
}

std::string parameter_argument(const std::string& json) {
  dom::parser parser;
  std::string_view text;
  if (parser.parse(json).get_string().get(text) == simdjson::SUCCESS) return std::string(text);
  return json;
}

}  // namespace telltale::deliver
