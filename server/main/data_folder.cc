#include "main/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace telltale::main {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
// What this program, `make run` and runs put there. What lies in the folders is theirs, so that
// nobody reaches it through them.
constexpr std::array<std::string_view, 11> kOurs = {"log.db",   "log.db-wal", "log.db-shm", "lock",
                                                    "store",    "spool",      "launches",   "token",
                                                    "sessions", "server.pid", "distributed"};

bool is_ours(const fs::path& path) {
  const std::string name = path.filename().string();
  return std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end();
}

// Without following a link: what it leads to is not ours to change. True if it was changed.
bool tighten(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || S_ISLNK(info.st_mode)) return false;
  if ((info.st_mode & kOthers) == 0) return false;
  if (::chmod(path.c_str(), info.st_mode & 07777 & ~kOthers) == 0) return true;
  spdlog::warn("Others of this machine can read {}: {}.", path, std::strerror(errno));
  return false;
}

}  // namespace

Status prepare_data_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && !fs::is_directory(folder, error))
    error = std::make_error_code(std::errc::not_a_directory);
  if (error) {
    return Error{ErrorCode::internal,
                 fmt::format("{} cannot be used: {}.", folder, error.message())};
  }
  bool all_ours = true;
  bool changed = false;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (is_ours(at->path())) {
      changed |= tighten(at->path().string());
    } else {
      all_ours = false;
    }
  }
  struct stat info {};
  if (all_ours) {
    changed |= tighten(folder);
  } else if (::stat(folder.c_str(), &info) == 0 && (info.st_mode & kOthers) != 0) {
    spdlog::warn(
        "{} holds more than Telltale's data, so others of this machine may still look into it; "
        "what "
        "is Telltale's in it is its owner's alone. Better is a --data folder of its own.",
        folder);
  }
  if (changed)
    spdlog::info("{} could be read by others of this machine; now only by its owner.", folder);
  return Done{};
}

}  // namespace telltale::main
