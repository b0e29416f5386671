// request_head: what the header of a request must be before anything else is asked of it (RFC
// 9112): no doubt about where its body ends, one Host, a target that is one. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "ports/http_handler.h"

namespace telltale::web {

struct RawHead {
  std::string_view method;
  std::string_view target;
  int version = 11;        // 10 or 11
  ports::Headers headers;  // names in lower case
};

// The request without its body. invalid_argument: whoever sent it may see other borders between
// requests than we do, so it is answered 400 and the connection ends. Of an absolute target
// ("http://host/path") the host is the one that counts, whatever the header says.
Result<ports::HttpRequest> parse_head(RawHead head);

}  // namespace telltale::web
