#include "ports/http_fetch.h"

namespace telltale::ports {

std::string FetchHead::header(const std::string& name) const {
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
    if (header->first == name) return header->second;
  }
  return {};
}

}  // namespace telltale::ports
