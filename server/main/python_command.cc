#include "main/python_command.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace telltale::main {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 10> kCommands = {{
    {"init", "Make this repository one that is pushed to a server"},
    {"push", "git push to the server"},
    {"runs", "The newest runs"},
    {"watch", "A run's tasks and output as they come"},
    {"logs", "What a run's tasks have said"},
    {"cancel", "Ask a run to stop"},
    {"retry", "Start a run again, as it was"},
    {"rollback", "Deliver an earlier revision again"},
    {"completion", "What bash or zsh completes, as a script"},
    {"credential", "What git asks for the token (gitcredentials)"},
}};

}  // namespace

void add_python_commands(CLI::App& app) {
  for (const auto& [name, what] : kCommands) {
    CLI::App& command = *app.add_subcommand(name, what);
    command.prefix_command();
    command.set_help_flag();
  }
}

Status become_python_command(const std::vector<std::string>& arguments, const std::string& home,
                             mode_t files_mode) {
  const bool known = arguments.size() > 1 &&
                     std::any_of(kCommands.begin(), kCommands.end(), [&](const auto& command) {
                       return arguments[1] == command.first;
                     });
  if (!known) return Done{};
  const char* told = std::getenv("TELLTALE_PYTHON");
  const std::string python = told != nullptr && told[0] != '\0' ? told : home + "/.venv/bin/python";
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  ::setenv("TELLTALE_PROGRAM", self.c_str(), 1);
  ::setenv("PYTHONPATH", (home + "/python").c_str(), 1);
  std::vector<std::string> command = {python, "-m", "commands"};
  command.insert(command.end(), arguments.begin() + 1, arguments.end());
  std::vector<char*> pointers;
  for (std::string& text : command) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  ::umask(files_mode);
  ::execv(python.c_str(), pointers.data());
  return Error{ErrorCode::unavailable,
               fmt::format("{} cannot be started: {}. `make setup` makes it.", python,
                           std::strerror(errno))};
}

}  // namespace telltale::main
