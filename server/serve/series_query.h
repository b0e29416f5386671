// series_query: the viewport in the query of a series: from= and to= (steps, to included), points=
// (pixel columns). Pure.
#pragma once

#include <cstdint>
#include <limits>

#include "base/result.h"
#include "serve/resource.h"

namespace telltale::serve {

struct SeriesQuery {
  std::int64_t from = std::numeric_limits<std::int64_t>::min();
  std::int64_t to = std::numeric_limits<std::int64_t>::max();
  std::size_t columns = 1'000;
  bool bounded = false;  // from or to was told
};

Result<SeriesQuery> parse_series_query(const Resource& resource);

}  // namespace telltale::serve
