// Writing small JSON by hand: strings quoted and escaped (invalid UTF-8 becomes U+FFFD).
#pragma once

#include <string>
#include <string_view>

namespace telltale {

std::string json_string(std::string_view text);

}  // namespace telltale
