// run_query: the query of GET /api/v1/runs as a filter and a page of the catalogue. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "fold/catalogue.h"
#include "schema/view.pb.h"
#include "serve/resource.h"

namespace telltale::serve {

struct RunQuery {
  fold::RunFilter filter;
  std::string page;
  std::size_t limit = 50;
};

Result<RunQuery> parse_run_query(const Resource& resource);
schema::RunList encode_run_list(const fold::Catalogue& catalogue, const fold::RunPage& page);

}  // namespace telltale::serve
