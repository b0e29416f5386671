#include "ports/store.h"

#include <algorithm>

namespace telltale::ports {
namespace {

constexpr std::size_t kKeyBytes = 512;
// A file name has 255 bytes at most on Linux; the rest is room for an adapter's own endings.
constexpr std::size_t kSegmentBytes = 240;

bool is_segment_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool is_segment(std::string_view text) {
  return !text.empty() && text.size() <= kSegmentBytes && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), is_segment_char);
}

}  // namespace

Status check_store_key(const std::string& key) {
  std::string_view rest = key;
  bool good = key.size() <= kKeyBytes;
  while (good) {
    const std::size_t slash = rest.find('/');
    good = is_segment(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (good) return Done{};
  return Error{
      ErrorCode::invalid_argument,
      "A store key is segments of A-Za-z0-9._- joined by '/', at most 240 bytes each and 512 "
      "in all."};
}

Error key_is_a_folder() {
  return {ErrorCode::invalid_argument, "A store key cannot be the folder of another one."};
}

Error condition_failed() {
  return {ErrorCode::precondition_failed, "The object is not what the writer took it for."};
}

}  // namespace telltale::ports
