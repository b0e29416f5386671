#include "base/ids.h"

#include <algorithm>
#include <array>

#include "base/sha256.h"

namespace telltale {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

}  // namespace

std::string hash_id(std::initializer_list<std::string_view> parts) {
  std::string message;
  for (const std::string_view part : parts) {
    message += std::to_string(part.size());
    message += ':';
    message += part;
  }
  const std::array<std::uint8_t, 32> digest = sha256(message);
  std::string id;
  id.reserve(kIdLength);
  // 128 bits, five at a time from the most significant; the last character carries three.
  for (std::size_t bit = 0; bit < 128; bit += 5) {
    const std::size_t byte = bit / 8;
    const unsigned next_byte = byte + 1 < 16 ? digest[byte + 1] : 0U;
    const unsigned window = (static_cast<unsigned>(digest[byte]) << 8) | next_byte;
    id += kAlphabet[(window >> (11 - bit % 8)) & 31U];
  }
  return id;
}

bool is_id(std::string_view text) {
  return text.size() == kIdLength && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
         });
}

RunKey make_run_key(std::string_view source, std::string_view namespace_name, std::string_view name,
                    std::string_view uid) {
  return RunKey::of({"run", source, namespace_name, name, uid});
}

TaskId make_task_id(std::string_view path) { return TaskId::of({"task", path}); }

SeriesId make_series_id(std::string_view task_path, std::string_view name) {
  return SeriesId::of({"series", task_path, name});
}

ArtifactId make_artifact_id(std::string_view task_path, std::string_view name, bool input) {
  return ArtifactId::of({"artifact", task_path, name, input ? "input" : "output"});
}

}  // namespace telltale
