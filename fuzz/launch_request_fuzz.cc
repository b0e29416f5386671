// The body of POST /api/v1/runs: what is taken can become the arguments of a process.
#include "deliver/launch_request.h"
#include "fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = telltale::fuzz::text_of(data, size);
  const auto request = telltale::deliver::parse_launch_request(body);
  if (!request.ok()) {
    CHECK(!request.error().message.empty(), "refused without a reason");
    return 0;
  }
  if (request->again) return 0;
  const telltale::deliver::LaunchSpec& spec = request->spec;
  CHECK(spec.pipeline_file.front() == '/', "'{}' is no absolute path", spec.pipeline_file);
  const auto is_argument = [](const std::string& text) {
    return text.find('\0') == std::string::npos;
  };
  CHECK(is_argument(spec.pipeline_file) && is_argument(spec.working_directory),
        "a path ends early");
  for (const auto& [name, value] : spec.parameters) {
    CHECK(!name.empty() && name.find('=') == std::string::npos, "'{}' is no name", name);
    CHECK(is_argument(name) && is_argument(value), "a parameter ends early");
    (void)telltale::deliver::parameter_argument(value);
  }
  return 0;
}
