#include "main/run_command.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/json.h"
#include "main/server_client.h"

namespace telltale::main {
namespace {

Result<std::string> body_of(const RunConfig& config) {
  std::error_code error;
  const auto file = std::filesystem::absolute(config.pipeline_file, error).lexically_normal();
  if (!std::filesystem::is_regular_file(file, error))
    return Error{ErrorCode::not_found, fmt::format("There is no file {}.", file.string())};
  std::string parameters;
  for (const std::string& parameter : config.parameters) {
    const std::size_t equals = parameter.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("--param {} is no name=value.", parameter)};
    }
    parameters += fmt::format("{}{}:{}", parameters.empty() ? "" : ",",
                              json_string(parameter.substr(0, equals)),
                              json_string(parameter.substr(equals + 1)));
  }
  const std::string folder = std::filesystem::current_path(error).string();
  return fmt::format(
      "{{\"pipeline_file\":{},\"working_directory\":{},\"pipeline\":{},\"parameters\":{{{}}}}}",
      json_string(file.string()), json_string(folder), json_string(config.pipeline), parameters);
}

}  // namespace

Status run_command(const RunConfig& config) {
  const Result<ServerClient> server = ServerClient::of(config.url);
  if (!server.ok()) return server.error();
  const Result<std::string> body = body_of(config);
  if (!body.ok()) return body.error();
  const Result<std::string> answer = server->post("/api/v1/runs", body.value(), 202);
  if (!answer.ok()) return answer.error();
  fmt::print("Watch it at {}/runs/{}\n", server->url(), field_of(answer.value(), "run_key"));
  return Done{};
}

}  // namespace telltale::main
