// LineFile: an open file, read by whole lines from an offset on. A place in it is that offset and a
// fingerprint of the bytes before it, so that a file is known again by what it says: a copy of it
// that has grown goes on, one that was written anew does not, whatever its inode. Owned by a
// FileTail; blocks.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/source.h"

namespace telltale::collect {

struct LinePlace {
  std::uint64_t offset = 0;
  std::string fingerprint;  // "" at the beginning

  // "OFFSET:FINGERPRINT", and "" for the beginning.
  static std::optional<LinePlace> parse(const std::string& position);
  std::string text() const;
  bool operator==(const LinePlace&) const = default;
};

struct Line {
  std::uint64_t offset = 0;
  std::string bytes;       // without its end; the first ones only of a line over the limit
  std::uint64_t size = 0;  // of the line
};

class LineFile {
 public:
  // None where nothing is at the path. invalid_argument: what is there is no regular file.
  static Result<std::optional<LineFile>> open(const std::string& path);
  ~LineFile();
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&& other) noexcept;

  // Whether another file stands at the path by now.
  bool is_replaced_at(const std::string& path) const;
  Result<bool> continues(const LinePlace& place) const;
  // Lines from `place` on, which moves behind them and behind empty lines. `to_end`: what has no
  // line end is a line too; else it is waited for.
  Result<std::vector<Line>> take_lines(LinePlace& place, const ports::SourceLimits& limits,
                                       bool to_end);

 private:
  LineFile(int descriptor, const struct stat& info) : descriptor_(descriptor), info_(info) {}
  Result<std::string> read_bytes(std::uint64_t offset, std::size_t most) const;
  Result<std::string> fingerprint_before(std::uint64_t offset) const;
  // The line at `offset`, known to be over the limit; nothing while its end is not there or far.
  Result<std::optional<Line>> take_long_line(std::uint64_t& offset, std::string_view head,
                                             bool to_end);

  int descriptor_;
  struct stat info_;  // of when it was opened
  // How far the long line at `begin` was looked through, so that each look goes on where the last
  // one ended.
  struct Looked {
    std::uint64_t begin = 0;
    std::uint64_t to = 0;
  } looked_;
};

}  // namespace telltale::collect
