#include "collect/line_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/ids.h"

namespace telltale::collect {
namespace {

// Events carry times and counts: no two files agree on so much by chance.
constexpr std::uint64_t kFingerprintBytes = 4'096;
// Of a line over the limit, looked through at a time and in one read: close() does not wait long.
constexpr std::size_t kLookBytes = 1U << 20;
constexpr int kLooks = 64;

Error cannot_read(int number) {
  return {ErrorCode::unavailable,
          fmt::format("The file cannot be read: {}.", std::strerror(number))};
}

}  // namespace

std::optional<LinePlace> LinePlace::parse(const std::string& position) {
  LinePlace place;
  if (position.empty()) return place;
  const char* last = position.data() + position.size();
  const auto [end, error] = std::from_chars(position.data(), last, place.offset);
  if (error != std::errc{} || end == last || *end != ':') return std::nullopt;
  place.fingerprint.assign(end + 1, last);
  const bool good = place.offset == 0 ? place.fingerprint.empty() : is_id(place.fingerprint);
  return good ? std::optional(place) : std::nullopt;
}

std::string LinePlace::text() const { return fmt::format("{}:{}", offset, fingerprint); }

Result<std::optional<LineFile>> LineFile::open(const std::string& path) {
  // Without waiting: opening a pipe would, for somebody who writes to it.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 && errno == ENOENT) return std::optional<LineFile>();
  if (descriptor < 0) return cannot_read(errno);
  LineFile file(descriptor, {});
  if (::fstat(descriptor, &file.info_) != 0) return cannot_read(errno);
  if (!S_ISREG(file.info_.st_mode))
    return Error{ErrorCode::invalid_argument, fmt::format("{} is no regular file.", path)};
  return std::optional(std::move(file));
}

LineFile::~LineFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

LineFile::LineFile(LineFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      info_(other.info_),
      looked_(other.looked_) {}

LineFile& LineFile::operator=(LineFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  info_ = other.info_;
  looked_ = other.looked_;
  return *this;
}

bool LineFile::is_replaced_at(const std::string& path) const {
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) return false;
  return there.st_dev != info_.st_dev || there.st_ino != info_.st_ino;
}

Result<std::string> LineFile::read_bytes(std::uint64_t offset, std::size_t most) const {
  struct stat now {};
  if (::fstat(descriptor_, &now) != 0) return cannot_read(errno);
  const auto size = static_cast<std::uint64_t>(now.st_size);
  std::string bytes(std::min<std::uint64_t>(most, size - std::min(offset, size)), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + have, bytes.size() - have,
                                static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(errno);
    if (got == 0) break;  // cut off since
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

Result<std::string> LineFile::fingerprint_before(std::uint64_t offset) const {
  if (offset == 0) return std::string();
  const std::uint64_t length = std::min(offset, kFingerprintBytes);
  Result<std::string> bytes = read_bytes(offset - length, length);
  if (!bytes.ok()) return bytes.error();
  return hash_id({*bytes});
}

Result<bool> LineFile::continues(const LinePlace& place) const {
  const Result<std::string> fingerprint = fingerprint_before(place.offset);
  if (!fingerprint.ok()) return fingerprint.error();
  return *fingerprint == place.fingerprint;
}

Result<std::vector<Line>> LineFile::take_lines(LinePlace& place, const ports::SourceLimits& limits,
                                               bool to_end) {
  // A line that may be taken ends within this.
  const std::size_t most = std::max(limits.bytes_max, limits.item_bytes_max + 1);
  const Result<std::string> read = read_bytes(place.offset, most);
  if (!read.ok()) return read.error();
  std::vector<Line> lines;
  std::string_view rest = *read;
  std::uint64_t offset = place.offset;
  std::size_t bytes = 0;
  while (lines.size() < limits.items_max && (lines.empty() || bytes < limits.bytes_max)) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    const std::string_view line = rest.substr(0, std::min(end, limits.item_bytes_max));
    if (end > 0) lines.push_back({offset, std::string(line), end});
    bytes += line.size();
    offset += end + 1;
    rest.remove_prefix(end + 1);
  }
  if (offset == place.offset && rest.size() > limits.item_bytes_max) {
    auto line = take_long_line(offset, rest.substr(0, limits.item_bytes_max), to_end);
    if (!line.ok()) return line.error();
    if (*line) lines.push_back(std::move(**line));
  } else if (offset == place.offset && to_end && !rest.empty()) {
    lines.push_back({offset, std::string(rest), rest.size()});
    offset += rest.size();
  }
  if (offset == place.offset) return lines;
  Result<std::string> fingerprint = fingerprint_before(offset);
  if (!fingerprint.ok()) return fingerprint.error();
  place = {offset, fingerprint.take()};
  return lines;
}

Result<std::optional<Line>> LineFile::take_long_line(std::uint64_t& offset, std::string_view head,
                                                     bool to_end) {
  struct stat now {};
  if (::fstat(descriptor_, &now) != 0) return cannot_read(errno);
  const bool looked_at = looked_.begin == offset && looked_.to > offset;
  if (!looked_at || looked_.to > static_cast<std::uint64_t>(now.st_size))
    looked_ = {offset, offset + head.size()};
  for (int look = 0; look < kLooks; ++look) {
    const Result<std::string> block = read_bytes(looked_.to, kLookBytes);
    if (!block.ok()) return block.error();
    const std::size_t end = block->find('\n');
    const bool ended = end != std::string::npos;
    looked_.to += ended ? end : block->size();
    if (!ended && !(block->empty() && to_end)) {
      if (block->empty()) break;
      continue;
    }
    Line line{offset, std::string(head), looked_.to - offset};
    offset = looked_.to + (ended ? 1 : 0);
    return std::optional(std::move(line));
  }
  return std::optional<Line>();
}

}  // namespace telltale::collect
