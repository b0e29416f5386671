#include "ports/http_range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace telltale::ports {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Digits and nothing else; what is beyond 64 bits is as far away as they reach.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

// "5-9", "5-" or "-5"; nothing where it is none of these. An empty span is one behind the end.
std::optional<ByteSpan> parse_spec(std::string_view spec, std::uint64_t size) {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first = spec.substr(0, dash);
  const std::string_view last = spec.substr(dash + 1);
  if (first.empty()) {
    const std::optional<std::uint64_t> suffix = number(last);
    if (!suffix) return std::nullopt;
    return ByteSpan{size - std::min(*suffix, size), std::min(*suffix, size)};
  }
  const std::optional<std::uint64_t> from = number(first);
  const std::optional<std::uint64_t> to =
      last.empty() ? std::numeric_limits<std::uint64_t>::max() : number(last);
  if (!from || !to || *to < *from) return std::nullopt;
  if (*from >= size) return ByteSpan{size, 0};
  return ByteSpan{*from, std::min(*to, size - 1) - *from + 1};
}

bool is_bytes(std::string_view unit) {
  constexpr std::string_view kBytes = "bytes";
  return std::equal(unit.begin(), unit.end(), kBytes.begin(), kBytes.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

WantedBytes parse_range(std::string_view header, std::uint64_t size) {
  const std::size_t equals = header.find('=');
  if (equals == std::string_view::npos || !is_bytes(trim(header.substr(0, equals))))
    return AllBytes{};
  std::string_view rest = header.substr(equals + 1);
  std::vector<ByteSpan> spans;
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view spec = trim(rest.substr(0, comma));
    if (!spec.empty()) {
      const std::optional<ByteSpan> span = parse_spec(spec, size);
      if (!span) return NoSuchBytes{};
      spans.push_back(*span);
    }
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  if (spans.size() > 1) return AllBytes{};
  if (spans.empty() || spans.front().length == 0) return NoSuchBytes{};
  return spans.front();
}

}  // namespace telltale::ports
