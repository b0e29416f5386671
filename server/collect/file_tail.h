// FileTail: the lines of a file as it grows, the way `tail -F` follows one: the file may come
// later, and when another one takes its place, the old one is read to its end first. Blocks; lives
// on the thread of its FileSource.
#pragma once

#include <optional>
#include <string>

#include "collect/line_file.h"
#include "ports/source.h"

namespace telltale::collect {

class FileTail {
 public:
  // `name` is the source's, and part of every item's id.
  FileTail(std::string name, std::string path) : name_(std::move(name)), path_(std::move(path)) {}

  // What is there now, as ports::Source::read; never waits. Where nothing is new, the position is
  // `from` itself.
  Result<ports::SourceBatch> read(const std::string& from, const ports::SourceLimits& limits);

 private:
  Status take(LinePlace& place, const ports::SourceLimits& limits, bool to_end,
              ports::SourceBatch& batch);
  // The file is at its end and another one is in its place.
  Status take_from_replacement(LinePlace& place, const ports::SourceLimits& limits,
                               ports::SourceBatch& batch);

  const std::string name_;
  const std::string path_;
  std::optional<LineFile> file_;
};

}  // namespace telltale::collect
