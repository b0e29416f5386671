#include "serve/series_query.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace telltale::serve {
namespace {

Status parse_step(const Resource& resource, const char* name, std::int64_t& step, bool& told) {
  const std::string text = resource.text(name);
  if (text.empty()) return Done{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (error != std::errc{} || end != text.data() + text.size())
    return Error{ErrorCode::invalid_argument, std::string(name) + " must be a whole step."};
  told = true;
  return Done{};
}

}  // namespace

Result<SeriesQuery> parse_series_query(const Resource& resource) {
  SeriesQuery query;
  if (Status s = parse_step(resource, "from", query.from, query.bounded); !s.ok()) return s.error();
  if (Status s = parse_step(resource, "to", query.to, query.bounded); !s.ok()) return s.error();
  const auto columns = resource.number("points", limits::kSeriesColumns);
  if (!columns.ok()) return columns.error();
  if (columns.value()) query.columns = std::max<std::size_t>(*columns.value(), 1);
  return query;
}

}  // namespace telltale::serve
