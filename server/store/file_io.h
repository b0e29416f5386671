// file_io: ranges of files, and the durable replacement of one, by POSIX. Blocks; for adapters'
// threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/store.h"

namespace telltale::store {

// Ends the name of a file that is being written. No store key has it.
inline constexpr char kUnfinished = '~';

// The etag of the file there; not_found where there is none.
Result<std::string> read_etag(const std::string& path);
// Only the range is read. not_found where there is no file.
Result<ports::Object> read_file(const std::string& path, const ports::ByteRange& range);
// Done too where no such file is, be it for want of a folder or because the path is one.
Status remove_file(const std::string& path);

// A file that is written where nobody looks, and then put in its place whole. Its destruction
// removes what was not placed.
class UnfinishedFile {
 public:
  // `path` ends in kUnfinished; the folders above are made.
  static Result<UnfinishedFile> create(std::string path);
  ~UnfinishedFile();
  UnfinishedFile(UnfinishedFile&& other) noexcept;
  UnfinishedFile& operator=(UnfinishedFile&&) = delete;

  // storage_full where it does not fit.
  Status write(std::string_view bytes);
  // What was written is on disk.
  Status sync();
  // Old or new, never half: fsynced, renamed to `path`, the folder fsynced. `changed_us` becomes
  // its modification time, in microseconds since the epoch, and part of the etag that is answered:
  // no two files that ever stood at one path may have the same. The old file stays on any error
  // but one of the last fsync.
  Result<std::string> place(const std::string& path, std::int64_t changed_us);

 private:
  UnfinishedFile(std::string path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}
  std::string path_;  // empty once placed
  int descriptor_;
};

// Whether files in `folder` keep their modification time to the microsecond; makes and removes one.
Result<bool> keeps_microseconds(const std::string& folder);

}  // namespace telltale::store
