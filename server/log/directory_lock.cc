#include "log/directory_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace telltale::log {
namespace {

Error unusable(const std::string& directory, const std::string& why) {
  return {ErrorCode::internal, fmt::format("{} cannot be used: {}.", directory, why)};
}

std::string written_pid(int file) {
  char text[32] = {};
  const ssize_t size = ::pread(file, text, sizeof(text) - 1, 0);
  return size > 0 ? std::to_string(std::atoi(text)) : "unknown";
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return unusable(directory, error.message());
  const int file = ::open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return unusable(directory, std::strerror(errno));
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(file));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return unusable(directory, std::strerror(errno));
    return Error{ErrorCode::unavailable,
                 fmt::format("Another Telltale (pid {}) is using {}. Stop it or choose another "
                             "--data directory.",
                             written_pid(file), directory)};
  }
  // Only for the sentence above: the lock holds without it, on a full disk too.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file, 0) == 0) (void)!::pwrite(file, pid.data(), pid.size(), 0);
  return lock;
}

DirectoryLock::~DirectoryLock() { ::close(file_); }

}  // namespace telltale::log
