// What this build calls itself. kSchemaVersion counts the changes of schema/view.proto, and of what
// the page asks for, after which a page of before and a server of today don't fit.
#pragma once

#include <cstdint>

namespace telltale {

inline constexpr const char* kServerVersion = "0.1.0";
inline constexpr std::uint32_t kSchemaVersion = 3;

}  // namespace telltale
