#include "fold/log_buffer.h"

#include <algorithm>
#include <limits>

namespace telltale::fold {
namespace {

// Small enough that growing the last chunk is cheap, large enough that a read touches few.
constexpr std::size_t kChunkBytes = 64U << 10;

}  // namespace

bool LogBuffer::write(std::uint64_t offset, std::string_view data) {
  if (data.empty() || offset > std::numeric_limits<std::uint64_t>::max() - data.size())
    return false;
  if (offset + data.size() <= size_ || !reaches(offset)) return false;
  if (offset < size_) {
    data.remove_prefix(size_ - offset);
    offset = size_;
  }
  const bool gap = offset > size_;
  if (gap) {
    lost_.push_back({size_, offset});
    lost_bytes_ += offset - size_;
    size_ = offset;
  }
  while (!data.empty()) {
    if (gap ? size_ == offset : chunks_.empty()) chunks_.push_back({size_, {}});
    if (chunks_.back().bytes.size() >= kChunkBytes) chunks_.push_back({size_, {}});
    std::string& bytes = chunks_.back().bytes;
    const std::size_t part = std::min(data.size(), kChunkBytes - bytes.size());
    bytes.append(data.substr(0, part));
    data.remove_prefix(part);
    size_ += part;
  }
  return true;
}

LogBuffer::Slice LogBuffer::read(std::uint64_t offset, std::size_t bytes_max) const {
  // The first chunk that ends after `offset`.
  auto chunk = std::upper_bound(
      chunks_.begin(), chunks_.end(), offset,
      [](std::uint64_t at, const Chunk& c) { return at < c.offset + c.bytes.size(); });
  if (chunk == chunks_.end()) return {size_, {}};
  Slice slice{std::max(offset, chunk->offset), {}};
  for (; chunk != chunks_.end() && slice.data.size() < bytes_max; ++chunk) {
    const std::uint64_t at = slice.offset + slice.data.size();
    if (chunk->offset > at) break;
    slice.data.append(chunk->bytes, at - chunk->offset, bytes_max - slice.data.size());
  }
  return slice;
}

}  // namespace telltale::fold
