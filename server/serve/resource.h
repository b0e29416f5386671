// Resource: what a path and query of docs/formats/api.md name. One parser for REST, server-sent
// events and WebSocket subscriptions, so that the three never differ. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace telltale::serve {

struct Resource {
  enum class Kind { runs, run, graph, task, log, series, artifact, events };

  Kind kind = Kind::runs;
  RunKey run;   // all but runs
  TaskId task;  // task, log
  SeriesId series;
  ArtifactId artifact;
  std::multimap<std::string, std::string> query;  // percent-decoded

  // The number of that name in the query; invalid_argument if it is there and none, or above `max`.
  Result<std::optional<std::uint64_t>> number(const std::string& name, std::uint64_t max) const;
  std::string text(const std::string& name) const;
  // machinery=1: with the source's own nodes.
  bool with_nodes() const { return text("machinery") == "1"; }
};

// "/api/v1/runs/…[?…]". not_found for paths that name nothing, invalid_argument for ids that are
// none.
Result<Resource> parse_resource(std::string_view path, std::string_view query);

}  // namespace telltale::serve
