#include "jobs/job_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace telltale::jobs {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

bool is_below(std::string_view path, const std::string& folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

int open_beneath(int folder, const std::string& name) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how));
}

const Error kNotAllowed{ErrorCode::invalid_argument,
                        "A source is a file below a folder that this server was given with "
                        "--visualize-root."};

}  // namespace

Result<JobSources> JobSources::open(const std::vector<std::string>& roots, const std::string& own) {
  JobSources sources;
  std::error_code error;
  sources.own_ = fs::weakly_canonical(own, error).string();
  for (const std::string& root : roots) {
    const fs::path path = fs::canonical(root, error);
    if (error || !fs::is_directory(path, error) || path == "/")
      return Error{ErrorCode::invalid_argument,
                   fmt::format("--visualize-root {} is no folder, or is all there is.", root)};
    sources.roots_.push_back(path.string());
  }
  return sources;
}

Result<SourceFile> JobSources::find(std::string_view uri) const {
  constexpr std::string_view kFile = "file://";
  if (uri.starts_with(kFile)) uri.remove_prefix(kFile.size());
  if (!uri.starts_with('/') || uri.find('\0') != std::string_view::npos) return kNotAllowed;
  const std::string path = fs::path(uri).lexically_normal().string();
  if (path == own_ || is_below(path, own_)) return kNotAllowed;
  for (const std::string& root : roots_) {
    if (!is_below(path, root)) continue;
    const Descriptor folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const Descriptor file(open_beneath(folder.number(), path.substr(root.size() + 1)));
    if (file.number() < 0 && errno == ENOENT)
      return Error{ErrorCode::not_found, "There is no such source."};
    struct stat about {};
    if (file.number() < 0 || ::fstat(file.number(), &about) != 0 || !S_ISREG(about.st_mode))
      return kNotAllowed;
    return SourceFile{path,
                      fmt::format("{} {} {} {}.{:09}", about.st_dev, about.st_ino, about.st_size,
                                  about.st_mtim.tv_sec, about.st_mtim.tv_nsec)};
  }
  return kNotAllowed;
}

}  // namespace telltale::jobs
