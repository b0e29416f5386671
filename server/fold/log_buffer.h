// LogBuffer: the output of one attempt of a task, by byte offset, exactly as it was written. Part
// of a run's folded state; lives on the loop of its RunView. Never interprets bytes (lines, colours
// and encodings belong to who reads) and never fills a gap: a reader that passed it would not see
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace telltale::fold {

class LogBuffer {
 public:
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool operator==(const Range&) const = default;
  };
  struct Slice {
    std::uint64_t offset = 0;  // of the first byte of data
    std::string data;
  };
  struct Chunk {
    std::uint64_t offset = 0;
    std::string bytes;
    bool operator==(const Chunk&) const = default;
  };

  // Whether bytes at `offset` can be taken: not where they would leave a hole of more than this,
  // which one wrong offset would make, and all right bytes after it repeats.
  static constexpr std::uint64_t kHoleBytesMax = 64U << 20;
  bool reaches(std::uint64_t offset) const {
    return offset <= size_ || offset - size_ <= kHoleBytesMax;
  }

  // Takes what is new of `data`: bytes below size() are cut, a hole before `offset` is kept as
  // lost. False when nothing was new, or `offset` is out of reach.
  bool write(std::uint64_t offset, std::string_view data);

  // Bytes from `offset` on: at most `bytes_max`, ending at a gap. In a gap or before one it starts
  // at the next byte there is, so compare Slice::offset; past the end it is empty at size().
  Slice read(std::uint64_t offset, std::size_t bytes_max) const;

  std::uint64_t size() const { return size_; }  // gaps included: the offset after the last byte
  const std::vector<Range>& lost() const { return lost_; }
  std::uint64_t lost_bytes() const { return lost_bytes_; }
  const std::vector<Chunk>& chunks() const { return chunks_; }
  // What it takes in memory.
  std::size_t bytes() const {
    return size_ - lost_bytes_ + chunks_.size() * sizeof(Chunk) + lost_.size() * sizeof(Range);
  }

  bool operator==(const LogBuffer&) const = default;

 private:
  std::vector<Chunk> chunks_;  // by offset
  std::vector<Range> lost_;
  std::uint64_t size_ = 0;
  std::uint64_t lost_bytes_ = 0;
};

}  // namespace telltale::fold
