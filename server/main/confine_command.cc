#include "main/confine_command.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

namespace telltale::main {
namespace {

int fail(std::string_view what) {
  fmt::print(stderr, "telltale confine: {}: {}\n", what, std::strerror(errno));
  return 127;  // as a shell that finds no program
}

}  // namespace

std::uint64_t open_files_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

std::vector<std::string> confined_to(std::uint64_t open_files) {
  // This very program, also where its file was replaced by a newer one meanwhile.
  return {"/proc/self/exe", "confine", std::to_string(open_files)};
}

int confine_command(int argc, char** argv) {
  constexpr int kFiles = 2;
  constexpr int kProgram = 3;
  rlim_t files = 0;
  const std::string_view told = argc > kProgram ? argv[kFiles] : "";
  const auto [end, error] = std::from_chars(told.data(), told.data() + told.size(), files);
  if (error != std::errc{} || end != told.data() + told.size()) {
    fmt::print(stderr, "telltale confine FILES PROGRAM [ARGUMENT...]\n");
    return 127;
  }
  ::umask(077);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail("open files");
  limit.rlim_cur = std::min(files, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return fail("open files");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail("no new privileges");
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  ::execv(argv[kProgram], argv + kProgram);
  return fail(argv[kProgram]);
}

}  // namespace telltale::main
