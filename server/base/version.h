// What this build calls itself. kSchemaVersion counts the changes of schema/view.proto that a
// reader of the one before cannot read.
#pragma once

#include <cstdint>

namespace telltale {

inline constexpr const char* kServerVersion = "0.1.0";
inline constexpr std::uint32_t kSchemaVersion = 2;

}  // namespace telltale
