#include "runtime/posix_processes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>

extern char** environ;

namespace telltale::runtime {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Descriptor = asio::posix::stream_descriptor;

std::vector<std::string> environment_of(const ports::ProcessSpec& spec) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    bool replaced = std::count(spec.without.begin(), spec.without.end(), name) > 0;
    for (const auto& [key, value] : spec.environment) replaced |= key == name;
    if (!replaced) all.emplace_back(text);
  }
  for (const auto& [key, value] : spec.environment) all.push_back(key + "=" + value);
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// A pipe whose ends no other program gets.
struct Pipe {
  int read_end = -1;
  int write_end = -1;

  Pipe() = default;
  ~Pipe() {
    if (read_end >= 0) ::close(read_end);
    if (write_end >= 0) ::close(write_end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
};

// What the child does between its birth and its program.
class Preparation {
 public:
  Preparation() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    // Signals that this process blocks or ignores are none of the program's business.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Preparation() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  void use_file(const std::string& path) {
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, path.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions_, 1, 2);
  }
  void use_pipes(const Pipe& input, const Pipe& output, bool errors_apart) {
    posix_spawn_file_actions_adddup2(&actions_, input.read_end, 0);
    posix_spawn_file_actions_adddup2(&actions_, output.write_end, 1);
    if (!errors_apart) posix_spawn_file_actions_adddup2(&actions_, output.write_end, 2);
  }
  int spawn(const ports::ProcessSpec& spec, pid_t& pid) {
    if (!spec.working_directory.empty())
      posix_spawn_file_actions_addchdir_np(&actions_, spec.working_directory.c_str());
    // The server's sockets and files are none of the child's business.
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    std::vector<std::string> arguments = spec.arguments;
    std::vector<std::string> environment = environment_of(spec);
    return ::posix_spawn(&pid, arguments[0].c_str(), &actions_, &attributes_,
                         pointers_to(arguments).data(), pointers_to(environment).data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Kept alive by what is under way, so that the end is taken even of a process nobody has any more.
struct State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, pid_t its_pid)
      : pid(its_pid), end_told(context), in(context), out(context) {}

  // The kernel keeps what is left of a process until its parent has taken it.
  void await_kernel() {
    end_told.async_wait(Descriptor::wait_read, [self = shared_from_this()](error_code error) {
      if (!error) self->take_end();
    });
  }
  void take_end() {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) != pid) return;
    ended = WIFSIGNALED(status) ? ports::ProcessEnd{0, WTERMSIG(status)}
                                : ports::ProcessEnd{WEXITSTATUS(status), 0};
    end_told.close();
    if (tell) std::exchange(tell, std::nullopt)->operator()(*ended);
  }

  const pid_t pid;
  Descriptor end_told;
  Descriptor in;
  Descriptor out;
  std::optional<ports::ProcessEnd> ended;
  std::optional<ports::Completion<ports::ProcessEnd>> tell;
};

Error failed(const ports::ProcessSpec& spec, int number) {
  const bool missing = number == ENOENT || number == ENOTDIR || number == EACCES;
  return {missing ? ErrorCode::not_found : ErrorCode::internal,
          fmt::format("{} cannot be started in {}: {}.", spec.arguments[0],
                      spec.working_directory.empty() ? "this folder" : spec.working_directory,
                      std::strerror(number))};
}

class PosixProcess final : public ports::Process {
 public:
  PosixProcess(std::shared_ptr<State> state, bool outlives)
      : state_(std::move(state)), outlives_(outlives) {}
  ~PosixProcess() override {
    if (!outlives_) signal(SIGKILL);
    state_->tell.reset();
    error_code ignored;
    state_->in.close(ignored);
    state_->out.close(ignored);
  }

  int id() const override { return state_->pid; }

  void write(std::string bytes, ports::Completion<Status> done) override {
    auto kept = std::make_shared<std::string>(std::move(bytes));
    asio::async_write(state_->in, asio::buffer(*kept),
                      [kept, done = std::move(done)](error_code error, std::size_t) mutable {
                        done(error ? Status(Error{ErrorCode::closed, "Nobody reads it any more."})
                                   : Status(Done{}));
                      });
  }

  void end_input() override {
    error_code ignored;
    state_->in.close(ignored);
  }

  void read(std::size_t most, ports::Completion<Result<std::string>> done) override {
    auto bytes = std::make_shared<std::string>(most, '\0');
    state_->out.async_read_some(
        asio::buffer(*bytes),
        [bytes, done = std::move(done)](error_code error, std::size_t size) mutable {
          if (error && error != asio::error::eof) {
            done(Error{ErrorCode::closed, error.message()});
            return;
          }
          bytes->resize(size);
          done(std::move(*bytes));
        });
  }

  void await_end(ports::Completion<ports::ProcessEnd> done) override {
    if (state_->ended) {
      done(*state_->ended);
    } else {
      state_->tell.emplace(std::move(done));
    }
  }

  void signal(int number) override {
    // Its number stays its own until take_end().
    if (!state_->ended) ::kill(-state_->pid, number);
  }

 private:
  std::shared_ptr<State> state_;
  const bool outlives_;
};

}  // namespace

Result<std::unique_ptr<ports::Process>> PosixProcesses::start(const ports::ProcessSpec& spec) {
  Preparation preparation;
  Pipe input;
  Pipe output;
  if (spec.output_file.empty()) {
    if (!input.open() || !output.open()) return failed(spec, errno);
    preparation.use_pipes(input, output, spec.errors_apart);
  } else {
    std::error_code ignored;  // told by the program's start
    std::filesystem::create_directories(std::filesystem::path(spec.output_file).parent_path(),
                                        ignored);
    preparation.use_file(spec.output_file);
  }
  pid_t pid = 0;
  if (const int number = preparation.spawn(spec, pid); number != 0) return failed(spec, number);
  auto state = std::make_shared<State>(context_, pid);
  const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (descriptor < 0) {
    const Error error = failed(spec, errno);
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return error;
  }
  state->end_told.assign(descriptor);
  if (spec.output_file.empty()) {
    state->in.assign(std::exchange(input.write_end, -1));
    state->out.assign(std::exchange(output.read_end, -1));
  }
  state->await_kernel();
  return std::unique_ptr<ports::Process>(new PosixProcess(std::move(state), spec.outlives));
}

}  // namespace telltale::runtime
