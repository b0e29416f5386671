// UTF-8 as outside bytes have it: checked, or made valid.
#pragma once

#include <string>
#include <string_view>

namespace telltale {

bool is_valid_utf8(std::string_view bytes);
// Every byte that belongs to no valid sequence becomes U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace telltale
