#include "store/file_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace telltale::store {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

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

Error no_such_object() { return {ErrorCode::not_found, "There is no such object."}; }

// What tells a file from every other one that stood at its path: place() sees to the time.
std::string etag_of(const struct stat& info) {
  const std::int64_t changed_us = info.st_mtim.tv_sec * kSecondUs + info.st_mtim.tv_nsec / 1'000;
  return fmt::format("{:x}-{:x}-{:x}", info.st_ino, info.st_size, changed_us);
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

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
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

bool set_changed(int descriptor, std::int64_t changed_us) {
  timespec time{};
  time.tv_sec = changed_us / kSecondUs;
  time.tv_nsec = changed_us % kSecondUs * 1'000;
  const timespec times[] = {time, time};
  return ::futimens(descriptor, times) == 0;
}

}  // namespace

Result<std::string> read_etag(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return no_such_object();
    return system_error(path, errno);
  }
  if (!S_ISREG(info.st_mode)) return no_such_object();
  return etag_of(info);
}

Result<ports::Object> read_file(const std::string& path, const ports::ByteRange& range) {
  const File file(path, O_RDONLY);
  if (!file.open()) {
    if (errno == ENOENT || errno == ENOTDIR) return no_such_object();
    return system_error(path, errno);
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(path, errno);
  if (!S_ISREG(info.st_mode)) return no_such_object();
  ports::Object object;
  object.etag = etag_of(info);
  object.size = static_cast<std::uint64_t>(info.st_size);
  const std::uint64_t from = std::min(range.offset, object.size);
  object.bytes.resize(std::min(range.length.value_or(object.size), object.size - from));
  std::size_t have = 0;
  while (have < object.bytes.size()) {
    const ssize_t now = ::pread(file.get(), object.bytes.data() + have, object.bytes.size() - have,
                                static_cast<off_t>(from + have));
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return system_error(path, errno);
    if (now == 0) return Error{ErrorCode::corrupt, path + " is shorter than it was."};
    have += static_cast<std::size_t>(now);
  }
  return object;
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR || errno == EISDIR)
    return Done{};
  return system_error(path, errno);
}

Result<UnfinishedFile> UnfinishedFile::create(std::string path) {
  if (Status made = make_folder(folder_of(path)); !made.ok()) return made.error();
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return system_error(path, errno);
  return UnfinishedFile(std::move(path), descriptor);
}

UnfinishedFile::UnfinishedFile(UnfinishedFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), descriptor_(std::exchange(other.descriptor_, -1)) {}

UnfinishedFile::~UnfinishedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!path_.empty()) ::unlink(path_.c_str());
}

Status UnfinishedFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t now = ::write(descriptor_, bytes.data(), bytes.size());
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return system_error(path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(now));
  }
  return Done{};
}

Status UnfinishedFile::sync() {
  if (::fsync(descriptor_) != 0) return system_error(path_, errno);
  return Done{};
}

Result<std::string> UnfinishedFile::place(const std::string& path, std::int64_t changed_us) {
  if (!set_changed(descriptor_, changed_us)) return system_error(path_, errno);
  if (Status synced = sync(); !synced.ok()) return synced.error();
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) return system_error(path_, errno);
  const std::string folder = folder_of(path);
  if (Status made = make_folder(folder); !made.ok()) return made.error();
  const auto renamed = [&] { return ::rename(path_.c_str(), path.c_str()) == 0; };
  if (!renamed() && (errno != EISDIR || !remove_empty_folder(path) || !renamed()))
    return system_error(path, errno);
  path_.clear();
  if (Status synced = sync_folder(folder); !synced.ok()) return synced.error();
  return etag_of(info);
}

Result<bool> keeps_microseconds(const std::string& folder) {
  const std::string path = folder + "/probe" + kUnfinished;
  const File probe(path, O_WRONLY | O_CREAT);
  struct stat info {};
  if (!probe.open() || ::unlink(path.c_str()) != 0 || !set_changed(probe.get(), kSecondUs + 1) ||
      ::fstat(probe.get(), &info) != 0)
    return system_error(path, errno);
  return info.st_mtim.tv_sec == 1 && info.st_mtim.tv_nsec == 1'000;
}

}  // namespace telltale::store
