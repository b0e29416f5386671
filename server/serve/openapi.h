// The OpenAPI 3.1 document served at /api/v1/openapi.json: docs/formats/api.md for programs.
#pragma once

#include <string_view>

namespace telltale::serve {

std::string_view openapi_document();

}  // namespace telltale::serve
