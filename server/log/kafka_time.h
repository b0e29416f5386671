// A record's time as the header `ce_time` of CloudEvents has it: RFC 3339 in UTC, with six digits
// of a second: "2026-11-25T03:04:05.123456Z". Kafka's own timestamp keeps milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace telltale::log {

// Of the years 0 to 9999; times outside are moved to their ends.
std::string to_rfc3339(std::int64_t timestamp_us);
// Only of that form.
std::optional<std::int64_t> from_rfc3339(std::string_view text);

}  // namespace telltale::log
