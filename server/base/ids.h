// Strong types for ids, positions and times, and how ids are made (docs/formats/ids.md): 26
// characters of base32 over a SHA-256 of length-prefixed parts, so names of any script and length
// are data and never a path.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace telltale {

inline constexpr std::size_t kIdLength = 26;

// 26 characters of a-z2-7: the first 128 bits of SHA-256 over each part as "<length>:<bytes>".
std::string hash_id(std::initializer_list<std::string_view> parts);

// True for text that hash_id could have made.
bool is_id(std::string_view text);

template <typename Tag>
class Id {
 public:
  Id() = default;
  static std::optional<Id> parse(std::string_view text) {
    if (!is_id(text)) return std::nullopt;
    return Id(std::string(text));
  }
  static Id of(std::initializer_list<std::string_view> parts) { return Id(hash_id(parts)); }

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

using RunKey = Id<struct RunKeyTag>;
using TaskId = Id<struct TaskIdTag>;
using SeriesId = Id<struct SeriesIdTag>;
using ArtifactId = Id<struct ArtifactIdTag>;

RunKey make_run_key(std::string_view source, std::string_view namespace_name, std::string_view name,
                    std::string_view uid);
TaskId make_task_id(std::string_view path);
SeriesId make_series_id(std::string_view task_path, std::string_view name);
ArtifactId make_artifact_id(std::string_view task_path, std::string_view name, bool input);

// Offset of a record in its log partition. Positions of views are offsets too.
enum class LogOffset : std::uint64_t {};
constexpr std::uint64_t to_number(LogOffset offset) { return static_cast<std::uint64_t>(offset); }
constexpr LogOffset next(LogOffset offset) { return LogOffset{to_number(offset) + 1}; }

// Microseconds since the Unix epoch.
enum class EpochUs : std::int64_t {};
constexpr std::int64_t to_number(EpochUs time) { return static_cast<std::int64_t>(time); }

}  // namespace telltale

template <typename Tag>
struct std::hash<telltale::Id<Tag>> {
  std::size_t operator()(const telltale::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
