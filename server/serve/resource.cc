#include "serve/resource.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "base/query.h"

namespace telltale::serve {
namespace {

constexpr std::string_view kRoot = "/api/v1/runs";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <typename IdType>
bool parse_id(std::string_view text, IdType& id) {
  const std::optional<IdType> parsed = IdType::parse(text);
  if (parsed) id = *parsed;
  return parsed.has_value();
}

// The part below a run: "graph", "events", "tasks/ID", "tasks/ID/log", "metrics/ID",
// "artifacts/ID".
Status parse_below_run(const std::vector<std::string_view>& parts, Resource& resource) {
  const Error nothing{ErrorCode::not_found,
                      "There is nothing at this path. See docs/formats/api.md."};
  const Error no_id{ErrorCode::invalid_argument, "An id has 26 characters of a-z2-7."};
  if (parts.size() == 1 && parts[0] == "graph") {
    resource.kind = Resource::Kind::graph;
    return Done{};
  }
  if (parts.size() == 1 && parts[0] == "events") {
    resource.kind = Resource::Kind::events;
    return Done{};
  }
  const bool log = parts.size() == 3 && parts[2] == "log";
  if (parts.size() != 2 && !log) return nothing;
  if (parts[0] == "tasks") {
    resource.kind = log ? Resource::Kind::log : Resource::Kind::task;
    return parse_id(parts[1], resource.task) ? Status(Done{}) : Status(no_id);
  }
  if (log) return nothing;
  if (parts[0] == "metrics") {
    resource.kind = Resource::Kind::series;
    return parse_id(parts[1], resource.series) ? Status(Done{}) : Status(no_id);
  }
  if (parts[0] == "artifacts") {
    resource.kind = Resource::Kind::artifact;
    return parse_id(parts[1], resource.artifact) ? Status(Done{}) : Status(no_id);
  }
  return nothing;
}

}  // namespace

Result<Resource> parse_resource(std::string_view path, std::string_view query) {
  Resource resource;
  resource.query = parse_query(query);
  if (path == kRoot) return resource;
  const bool below = path.size() > kRoot.size() + 1 && path.substr(0, kRoot.size()) == kRoot &&
                     path[kRoot.size()] == '/';
  if (!below)
    return Error{ErrorCode::not_found, "There is nothing at this path. See docs/formats/api.md."};
  std::vector<std::string_view> parts = split(path.substr(kRoot.size() + 1), '/');
  if (!parse_id(parts[0], resource.run))
    return Error{ErrorCode::invalid_argument, "A run key has 26 characters of a-z2-7."};
  resource.kind = Resource::Kind::run;
  parts.erase(parts.begin());
  if (parts.empty()) return resource;
  if (Status status = parse_below_run(parts, resource); !status.ok()) return status.error();
  return resource;
}

Result<std::optional<std::uint64_t>> Resource::number(const std::string& name,
                                                      std::uint64_t max) const {
  const auto found = query.find(name);
  if (found == query.end()) return std::optional<std::uint64_t>();
  const std::string& text = found->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} must be a whole number from 0 to {}.", name, max)};
  }
  return std::optional<std::uint64_t>(value);
}

std::string Resource::text(const std::string& name) const { return query_text(query, name); }

}  // namespace telltale::serve
