#include "deliver/launch_check.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>

namespace telltale::deliver {
namespace {

namespace fs = std::filesystem;

Error invalid(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

bool is_ours(uid_t owner) { return owner == ::geteuid() || owner == 0; }

// Of the kernel's own file systems: what stands there is another thing for each who looks.
bool is_of_the_kernel(const std::string& path) {
  struct statfs where {};
  if (::statfs(path.c_str(), &where) != 0) return false;
  return where.f_type == PROC_SUPER_MAGIC || where.f_type == SYSFS_MAGIC;
}

// What is at `told`, and under which name the kernel has it. A path through /proc may say one thing
// to us and another to the process that is started.
Result<std::string> real_path(const std::string& told, const char* what) {
  const Error missing{ErrorCode::not_found, fmt::format("There is no {} {}.", what, told)};
  if (told.empty() || told.front() != '/' || told.find('\0') != std::string::npos)
    return invalid(fmt::format("The {} must be named by an absolute path.", what));
  for (const char* kernels : {"/proc/", "/sys/", "/dev/"}) {
    if (fs::path(told).lexically_normal().string().rfind(kernels, 0) == 0)
      return invalid(fmt::format("{} is no place to start from: it is the system's.", told));
  }
  std::error_code error;
  const std::string path = fs::canonical(told, error).string();
  if (error) return missing;
  if (is_of_the_kernel(path))
    return invalid(fmt::format("{} is no place to start from: it is the system's.", told));
  return path;
}

// Whether another user could change what is there. In a folder with the sticky bit (/tmp) he can
// add to it, but not move or replace what is not his.
Status check_owner(const struct stat& info, const std::string& path, bool may_be_sticky) {
  if (!is_ours(info.st_uid)) {
    return invalid(fmt::format(
        "{} belongs to another user: only what the server's user or root owns is started.", path));
  }
  const bool sticky = may_be_sticky && (info.st_mode & S_ISVTX) != 0;
  if ((info.st_mode & S_IWOTH) != 0 && !sticky) {
    return invalid(
        fmt::format("Every user of this machine can write to {}: take that right away "
                    "(chmod o-w), or start from elsewhere.",
                    path));
  }
  return Done{};
}

Status check_folders_above(const std::string& path) {
  for (fs::path folder = fs::path(path).parent_path();; folder = folder.parent_path()) {
    struct stat info {};
    if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
      return invalid(fmt::format("{} is no folder any more.", folder.string()));
    if (Status good = check_owner(info, folder.string(), true); !good.ok()) return good;
    if (folder == folder.root_path()) return Done{};
  }
}

Result<std::string> check_file(const std::string& told) {
  struct stat as_told {};
  const bool link = ::lstat(told.c_str(), &as_told) == 0 && S_ISLNK(as_told.st_mode);
  const Result<std::string> path = real_path(told, "file");
  if (!path.ok()) return path.error();
  struct stat info {};
  if (::lstat(path->c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{ErrorCode::not_found,
                 fmt::format("There is no file {}: what is there is no regular one.", told)};
  }
  if (link) return invalid(fmt::format("{} is a link: name the file itself, {}.", told, *path));
  const std::string kind = fs::path(*path).extension().string();
  if (kind != ".py" && kind != ".yaml")
    return invalid(fmt::format("{} is no pipeline: its name ends in .py or .yaml.", told));
  if (Status good = check_owner(info, *path, false); !good.ok()) return good.error();
  if (Status good = check_folders_above(*path); !good.ok()) return good.error();
  return path;
}

// Python looks for modules there: whoever can add a file to it can have it run.
Result<std::string> check_folder(const std::string& told) {
  const Result<std::string> path = real_path(told, "folder");
  if (!path.ok()) return path.error();
  struct stat info {};
  if (::lstat(path->c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return Error{ErrorCode::not_found, fmt::format("There is no folder {}.", told)};
  if (Status good = check_owner(info, *path, false); !good.ok()) return good.error();
  if (Status good = check_folders_above(*path); !good.ok()) return good.error();
  return path;
}

Status check_arguments(const LaunchSpec& spec) {
  constexpr std::size_t kFlag = sizeof("--pipeline=") - 1;
  const auto too_long = [](const std::string& what, std::size_t bytes) {
    return invalid(
        fmt::format("{} has {} bytes: a process takes at most 128 KiB at once. Put it "
                    "in a file, and name that.",
                    what, bytes));
  };
  if (spec.pipeline.size() + kFlag >= kArgumentBytes)
    return too_long("The pipeline's name", spec.pipeline.size());
  for (const auto& [name, value] : spec.parameters) {
    if (name.find('\0') != std::string::npos || value.find('\0') != std::string::npos)
      return invalid("A parameter's name or value holds a NUL character.");
    if (name.size() + value.size() + kFlag < kArgumentBytes) continue;
    return too_long(fmt::format("The parameter {}", name.substr(0, 64)), value.size());
  }
  if (spec.pipeline.find('\0') != std::string::npos)
    return invalid("The pipeline's name holds a NUL character.");
  return Done{};
}

}  // namespace

Result<LaunchSpec> check_launch(LaunchSpec spec) {
  if (Status good = check_arguments(spec); !good.ok()) return good.error();
  Result<std::string> file = check_file(spec.pipeline_file);
  if (!file.ok()) return file.error();
  spec.pipeline_file = file.take();
  if (spec.working_directory.empty())
    spec.working_directory = fs::path(spec.pipeline_file).parent_path().string();
  Result<std::string> folder = check_folder(spec.working_directory);
  if (!folder.ok()) return folder.error();
  spec.working_directory = folder.take();
  return spec;
}

}  // namespace telltale::deliver
