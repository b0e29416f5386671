#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/limits.h"
#include "serve/rest_runs.h"

namespace telltale::serve {
namespace {

struct Wanted {
  std::uint64_t offset = 0;
  std::uint64_t length = limits::kLogRangeBytes;
  bool ranged = false;  // by the Range header: answered 206
};

bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// RFC 9110 14.2, one range of bytes; anything else is ignored, as the RFC allows.
std::optional<Wanted> parse_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (header.substr(0, kUnit.size()) != kUnit) return std::nullopt;
  header.remove_prefix(kUnit.size());
  Wanted wanted;
  wanted.ranged = true;
  if (header.substr(0, 1) == "-") {
    header.remove_prefix(1);
    std::uint64_t last = 0;
    if (!take_number(header, last) || !header.empty()) return std::nullopt;
    wanted.offset = size - std::min(last, size);
    wanted.length = std::min<std::uint64_t>(last, limits::kLogRangeBytes);
    return wanted;
  }
  if (!take_number(header, wanted.offset) || header.substr(0, 1) != "-") return std::nullopt;
  header.remove_prefix(1);
  std::uint64_t end = 0;
  if (header.empty()) return wanted;
  if (!take_number(header, end) || !header.empty() || end < wanted.offset) return std::nullopt;
  wanted.length = std::min<std::uint64_t>(end - wanted.offset + 1, limits::kLogRangeBytes);
  return wanted;
}

Result<Wanted> parse_wanted(const Resource& resource, const std::string& range,
                            std::uint64_t size) {
  if (const std::optional<Wanted> ranged = parse_range(range, size)) return *ranged;
  Wanted wanted;
  const auto offset = resource.number("offset", UINT64_MAX);
  const auto tail = resource.number("tail", UINT64_MAX);
  if (!offset.ok()) return offset.error();
  if (!tail.ok()) return tail.error();
  if (offset.value()) {
    wanted.offset = *offset.value();
  } else if (tail.value()) {
    wanted.offset = size - std::min(*tail.value(), size);
  }
  return wanted;
}

// Whole ranges up to the limit; bytes the source never delivered are left out, and X-Log-Offset and
// the next request's offset tell the reader so.
std::string read_all(const fold::LogBuffer& log, std::uint64_t& offset, std::uint64_t length) {
  fold::LogBuffer::Slice first = log.read(offset, length);
  offset = first.offset;
  std::string bytes = std::move(first.data);
  while (bytes.size() < length) {
    const fold::LogBuffer::Slice more = log.read(offset + bytes.size(), length - bytes.size());
    if (more.data.empty() || more.offset != offset + bytes.size()) break;
    bytes += more.data;
  }
  return bytes;
}

}  // namespace

ports::HttpResponse log_answer(const Resource& resource, const fold::RunView& view,
                               const ports::HttpRequest& request) {
  const fold::Task* task = view.task(resource.task);
  if (task == nullptr)
    return ports::problem({ErrorCode::not_found, "The run has no task of this id."});
  const auto asked = resource.number("attempt", 1'000'000);
  if (!asked.ok()) return ports::problem(asked.error());
  const std::int32_t attempt = asked.value().value_or(0) > 0
                                   ? static_cast<std::int32_t>(*asked.value())
                                   : task->newest_attempt();
  static const fold::LogBuffer kEmpty;
  const fold::LogBuffer* found = task->log(attempt);
  const fold::LogBuffer& log = found == nullptr ? kEmpty : *found;
  const Result<Wanted> wanted = parse_wanted(resource, request.header("range"), log.size());
  if (!wanted.ok()) return ports::problem(wanted.error());
  ports::HttpResponse response;
  response.content_type = "text/plain; charset=utf-8";
  response.headers.emplace_back("accept-ranges", "bytes");
  response.headers.emplace_back("cache-control", "no-store");
  response.headers.emplace_back("x-log-size", fmt::format("{}", log.size()));
  if (wanted->ranged && wanted->offset >= log.size()) {
    response.status = 416;
    response.headers.emplace_back("content-range", fmt::format("bytes */{}", log.size()));
    return response;
  }
  std::uint64_t offset = std::min(wanted->offset, log.size());
  response.body = read_all(log, offset, wanted->length);
  response.headers.emplace_back("x-log-offset", fmt::format("{}", offset));
  if (wanted->ranged && !response.body.empty()) {
    response.status = 206;
    response.headers.emplace_back(
        "content-range",
        fmt::format("bytes {}-{}/{}", offset, offset + response.body.size() - 1, log.size()));
  }
  if (resource.text("download") == "1") {
    response.headers.emplace_back(
        "content-disposition",
        fmt::format("attachment; filename=\"{}-{}.log\"", resource.task.text(), attempt));
  }
  return response;
}

}  // namespace telltale::serve
