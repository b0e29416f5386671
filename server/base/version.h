// What this build calls itself. The page compares kSchemaVersion and offers a reload.
#pragma once

#include <cstdint>

namespace telltale {

inline constexpr const char* kServerVersion = "0.1.0";
inline constexpr std::uint32_t kSchemaVersion = 1;

}  // namespace telltale
