// base64 (RFC 4648) back to bytes. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace telltale {

// With or without its padding; nothing for what is no base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace telltale
