// http_range: which bytes a Range header asks for (RFC 9110, 14). Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace telltale::ports {

// One range of what there is: `length` is 1 or more, and ends where that ends.
struct ByteSpan {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteSpan&) const = default;
};
struct AllBytes {  // no range, one in another unit, or several, which are answered whole
  bool operator==(const AllBytes&) const = default;
};
struct NoSuchBytes {  // 416: not a range at all, or one behind the end
  bool operator==(const NoSuchBytes&) const = default;
};
using WantedBytes = std::variant<AllBytes, ByteSpan, NoSuchBytes>;

// `header` is the value of Range, "" where there is none; `size` that of what is asked for.
WantedBytes parse_range(std::string_view header, std::uint64_t size);

}  // namespace telltale::ports
