#include "store/file_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "ports/store.h"

namespace telltale::store {
namespace {

class File {
 public:
  File(const std::string& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  bool open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

Error system_error(const std::string& path, int number) {
  if (number == ENOTDIR || number == EISDIR) return ports::key_is_a_folder();
  const bool full = number == ENOSPC || number == EDQUOT;
  return {full ? ErrorCode::storage_full : ErrorCode::internal,
          fmt::format("{}: {}.", path, std::strerror(number))};
}

Status write_all(const File& file, const std::string& path, const std::string& bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t now = ::write(file.get(), bytes.data() + written, bytes.size() - written);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return system_error(path, errno);
    written += static_cast<std::size_t>(now);
  }
  if (::fsync(file.get()) != 0) return system_error(path, errno);
  return Done{};
}

Status sync_folder(const std::string& folder) {
  const File file(folder, O_RDONLY | O_DIRECTORY);
  if (!file.open() || ::fsync(file.get()) != 0) return system_error(folder, errno);
  return Done{};
}

// A folder is as durable as its name in the one above.
Status make_folder(const std::string& folder) {
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return Done{};
  const std::string above = std::filesystem::path(folder).parent_path().string();
  if (Status made = make_folder(above); !made.ok()) return made;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error(folder, errno);
  return sync_folder(above.empty() ? "." : above);
}

// Removes a folder that holds no object, only what interrupted and removed ones left. Sets errno.
bool remove_empty_folder(const std::string& folder) {
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_directory(error) && it->path().native().back() != kUnfinished) {
      errno = EISDIR;
      return false;
    }
  }
  if (!error) std::filesystem::remove_all(folder, error);
  errno = error.value();
  return !error;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.open()) {
    if (errno == ENOENT || errno == ENOTDIR)
      return Error{ErrorCode::not_found, "There is no such object."};
    return system_error(path, errno);
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(path, errno);
  if (!S_ISREG(info.st_mode)) return Error{ErrorCode::not_found, "There is no such object."};
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t now = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return system_error(path, errno);
    if (now == 0) return Error{ErrorCode::corrupt, path + " is shorter than it was."};
    have += static_cast<std::size_t>(now);
  }
  return bytes;
}

Status replace_file(const std::string& path, const std::string& bytes) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (Status made = make_folder(folder); !made.ok()) return made;
  const std::string beside = path + kUnfinished;
  {
    const File file(beside, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.open()) return system_error(beside, errno);
    if (Status status = write_all(file, beside, bytes); !status.ok()) {
      ::unlink(beside.c_str());
      return status;
    }
  }
  const bool renamed =
      ::rename(beside.c_str(), path.c_str()) == 0 ||
      (errno == EISDIR && remove_empty_folder(path) && ::rename(beside.c_str(), path.c_str()) == 0);
  if (!renamed) {
    const int number = errno;
    ::unlink(beside.c_str());
    return system_error(path, number);
  }
  return sync_folder(folder);
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR || errno == EISDIR)
    return Done{};
  return system_error(path, errno);
}

}  // namespace telltale::store
