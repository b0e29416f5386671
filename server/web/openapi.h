// openapi: the table of routes as the document at /api/v1/openapi.json. What the table says follows
// from it: paths, methods, which problems may be answered; the rest stands in each Operation. Pure.
#pragma once

#include <string>
#include <string_view>

#include "web/route.h"

namespace telltale::web {

// `schemas`: the members of its components/schemas, as JSON, that answers and bodies refer to.
std::string openapi_document(const Routes& routes, std::string_view version,
                             std::string_view schemas);

}  // namespace telltale::web
