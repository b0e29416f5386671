#include "store/directory_state.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

namespace telltale::store {
namespace {

namespace fs = std::filesystem;

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t written_at_us(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0;
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000 + status.st_mtim.tv_nsec / 1'000;
}

}  // namespace

Status check_condition(const std::string& path, const ports::Condition& condition) {
  using Kind = ports::Condition::Kind;
  if (condition.kind == Kind::none) return Done{};
  const Result<std::string> old = read_etag(path);
  if (!old.ok() && old.error().code != ErrorCode::not_found) return old.error();
  const bool holds =
      condition.kind == Kind::absent ? !old.ok() : old.ok() && *old == condition.etag;
  if (holds) return Done{};
  return ports::condition_failed();
}

// No two objects of a process get one time, so no two at one place get one etag.
Result<std::string> DirectoryState::place(UnfinishedFile file, const std::string& path,
                                          const ports::Condition& condition) {
  if (Status status = check_condition(path, condition); !status.ok()) return status.error();
  changed_us = std::max(now_us(), changed_us + 1);
  return file.place(path, changed_us);
}

Result<std::vector<ports::ObjectInfo>> DirectoryState::list(const std::string& prefix,
                                                            const std::string& after,
                                                            std::size_t limit) const {
  // Only the folder the prefix names is walked.
  const std::size_t slash = prefix.rfind('/');
  const std::string folder =
      slash == std::string::npos ? directory : directory + "/" + prefix.substr(0, slash);
  std::vector<ports::ObjectInfo> found;
  std::error_code error;
  if (!fs::is_directory(folder, error)) return found;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;  // or removed since
    const std::uint64_t size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
    if (gone || !it->is_regular_file(gone) || it->path().native().back() == kUnfinished) continue;
    std::string key = it->path().string().substr(directory.size() + 1);
    if (key.rfind(prefix, 0) != 0 || key <= after) continue;
    found.push_back({std::move(key), size, written_at_us(it->path())});
  }
  if (error) {
    return Error{ErrorCode::unavailable,
                 fmt::format("{} cannot be listed: {}.", folder, error.message())};
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  if (found.size() > limit) found.resize(limit);
  return found;
}

void DirectoryState::close() {
  if (!gate.close()) return;
  uploader.finish();  // hands its commits to the writer
  writer.finish();
  reader.finish();
}

}  // namespace telltale::store
