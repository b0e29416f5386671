// What ports/process.h promises, by real processes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "ports/await_test.h"
#include "runtime/asio_runtime.h"
#include "runtime/posix_processes.h"

namespace telltale::runtime {
namespace {

using ports::ProcessEnd;
using ports::ProcessSpec;
using Started = Result<std::unique_ptr<ports::Process>>;

// True once it is; a test that waits in vain is ended by its runner.
template <typename Condition>
void await_that(Condition condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

// Neither running nor a corpse that nobody took.
bool lives(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number;
  std::string name;
  std::string state;
  return static_cast<bool>(stat >> number >> name >> state) && state != "Z";
}

class ProcessContract : public testing::Test {
 protected:
  ProcessContract() { ::signal(SIGPIPE, SIG_IGN); }  // as the program does
  ~ProcessContract() override {
    drop();
    loop_.join();
  }

  Status start(const ProcessSpec& spec) {
    drop();
    auto started = on_loop<Status>([this, spec]() -> Status {
      Started started = processes_.start(spec);
      if (!started.ok()) return started.error();
      process_ = started.take();
      return Done{};
    });
    return started;
  }
  Status start_shell(const std::string& script) {
    ProcessSpec spec;
    spec.arguments = {"/bin/sh", "-c", script};
    return start(spec);
  }
  void drop() {
    on_loop<bool>([this] {
      process_.reset();
      return true;
    });
  }
  ProcessEnd end() {
    return ports::ask<ProcessEnd>(loop_,
                                  [this](auto done) { process_->await_end(std::move(done)); })
        .get();
  }
  std::string read(std::size_t most = 4096) {
    return ports::ask<Result<std::string>>(
               loop_, [this, most](auto done) { process_->read(most, std::move(done)); })
        .get()
        .value();
  }
  std::string read_all() {
    std::string all;
    for (std::string piece = read(); !piece.empty(); piece = read()) all += piece;
    return all;
  }
  Status write(const std::string& bytes) {
    return ports::ask<Status>(loop_,
                              [this, bytes](auto done) { process_->write(bytes, std::move(done)); })
        .get();
  }
  template <typename T, typename What>
  T on_loop(What what) {
    std::promise<T> told;
    loop_.post([&] { told.set_value(what()); });
    return told.get_future().get();
  }

  AsioRuntime loop_{"processes"};
  PosixProcesses processes_{loop_.context()};
  std::unique_ptr<ports::Process> process_;
  ports::TemporaryFolder folder_;
};

TEST_F(ProcessContract, ErrorsStandInThePipeOrApart) {
  ProcessSpec spec;
  spec.arguments = {"/bin/sh", "-c", "echo said; echo complained >&2"};
  ASSERT_TRUE(start(spec).ok());
  EXPECT_EQ(read_all(), "said\ncomplained\n");
  spec.errors_apart = true;
  ASSERT_TRUE(start(spec).ok());
  EXPECT_EQ(read_all(), "said\n");
}

TEST_F(ProcessContract, WhatIsWrittenIsReadAndTheEndIsTold) {
  ProcessSpec spec;
  spec.arguments = {"/bin/cat"};
  ASSERT_TRUE(start(spec).ok());
  EXPECT_TRUE(write("to and ").ok());
  EXPECT_EQ(read(3), "to ");
  // More than a pipe holds: it is taken as it is read.
  const std::string much(1 << 20, 'x');
  auto written =
      ports::ask<Status>(loop_, [&](auto done) { process_->write(much, std::move(done)); });
  std::string all;
  while (all.size() < 4 + much.size()) all += read(1 << 16);
  EXPECT_TRUE(written.get().ok());
  EXPECT_EQ(all, "and " + much);
  on_loop<bool>([this] {
    process_->end_input();
    return true;
  });
  EXPECT_EQ(read(), "");
  EXPECT_EQ(end(), (ProcessEnd{0, 0}));
  EXPECT_EQ(end(), (ProcessEnd{0, 0})) << "also later";
  EXPECT_FALSE(write("x").ok());
}

TEST_F(ProcessContract, HowItEndedIsTold) {
  ASSERT_TRUE(start_shell("exit 7").ok());
  EXPECT_EQ(end(), (ProcessEnd{7, 0}));
  ASSERT_TRUE(start_shell("kill -9 $$").ok());
  EXPECT_EQ(end(), (ProcessEnd{0, SIGKILL}));
}

TEST_F(ProcessContract, ASignalReachesItWhateverThisProcessBlocks) {
  const auto block = [](int how) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(how, &signals, nullptr);
    return true;
  };
  on_loop<bool>([&] { return block(SIG_BLOCK); });
  ProcessSpec spec;
  spec.arguments = {"/bin/sleep", "100000"};
  ASSERT_TRUE(start(spec).ok());
  on_loop<bool>([this] {
    process_->signal(SIGTERM);
    return true;
  });
  EXPECT_EQ(end(), (ProcessEnd{0, SIGTERM}));
  on_loop<bool>([&] { return block(SIG_UNBLOCK); });
}

TEST_F(ProcessContract, OneThatIsDroppedTakesItsChildrenAlong) {
  ASSERT_TRUE(start_shell("sleep 100000 & echo $!; wait").ok());
  const int child = std::stoi(read());
  const int pid = process_->id();
  ASSERT_TRUE(lives(child) && lives(pid));
  drop();
  await_that([&] { return !lives(child) && !lives(pid); });
  // Nor does its corpse stay.
  await_that([&] { return ::access(("/proc/" + std::to_string(pid)).c_str(), F_OK) != 0; });
}

TEST_F(ProcessContract, OneThatOutlivesGoesOn) {
  const std::string gate = folder_.path() + "/gate";
  ProcessSpec spec;
  spec.arguments = {"/bin/sh", "-c", "while [ ! -e gate ]; do sleep 0.01; done; touch passed"};
  spec.working_directory = folder_.path();
  spec.output_file = folder_.path() + "/out";
  spec.outlives = true;
  ASSERT_TRUE(start(spec).ok());
  drop();
  std::ofstream(gate).flush();
  await_that([&] { return ::access((folder_.path() + "/passed").c_str(), F_OK) == 0; });
}

TEST_F(ProcessContract, ItsOutputIsAppendedToAFileThatIsItsOwnersAlone) {
  ProcessSpec spec;
  spec.arguments = {"/bin/sh", "-c", "echo out; echo err >&2; cat"};
  spec.output_file = folder_.path() + "/new/out";
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(start(spec).ok());
    EXPECT_EQ(end(), (ProcessEnd{0, 0})) << "its input is empty";
  }
  std::ostringstream text;
  text << std::ifstream(spec.output_file).rdbuf();
  EXPECT_EQ(text.str(), "out\nerr\nout\nerr\n");
  struct stat info {};
  ASSERT_EQ(::stat(spec.output_file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(ProcessContract, ItGetsItsFolderItsEnvironmentAndNoFilesOfOurs) {
  ::setenv("TELLTALE_TEST_KEPT", "kept", 1);
  ::setenv("TELLTALE_TEST_GONE", "gone", 1);
  ::setenv("TELLTALE_TEST_OTHER", "before", 1);
  const int open_here = ::open("/dev/null", O_RDONLY);  // and not closed by an exec
  ProcessSpec spec;
  spec.arguments = {"/bin/sh", "-c",
                    "pwd; echo $TELLTALE_TEST_KEPT,$TELLTALE_TEST_GONE,$TELLTALE_TEST_OTHER; "
                    "[ -e /proc/$$/fd/$0 ] && echo open || echo closed",
                    std::to_string(open_here)};
  spec.environment = {{"TELLTALE_TEST_OTHER", "after"}};
  spec.without = {"TELLTALE_TEST_GONE"};
  spec.working_directory = folder_.path();
  ASSERT_TRUE(start(spec).ok());
  EXPECT_EQ(read_all(), folder_.path() + "\nkept,,after\nclosed\n");
  ::close(open_here);
}

TEST_F(ProcessContract, WhatCannotBeStartedIsToldAtOnce) {
  ProcessSpec spec;
  spec.arguments = {"/no/such/program"};
  Status status = start(spec);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::not_found);
  spec.arguments = {"/bin/true"};
  spec.working_directory = "/no/such/folder";
  EXPECT_FALSE(start(spec).ok());
  spec.working_directory = "";
  spec.arguments.push_back(std::string(200'000, 'x'));  // longer than the kernel takes
  EXPECT_FALSE(start(spec).ok());
}

TEST_F(ProcessContract, ManyEndEachOnItsOwn) {
  constexpr int kMany = 40;
  std::vector<std::unique_ptr<ports::Process>> many;
  for (int i = 0; i < kMany; ++i) {
    ASSERT_TRUE(start_shell("exit " + std::to_string(i)).ok());
    many.push_back(std::move(process_));
  }
  for (int i = kMany - 1; i >= 0; --i) {
    on_loop<bool>([&] {
      process_ = std::move(many[static_cast<std::size_t>(i)]);
      return true;
    });
    EXPECT_EQ(end(), (ProcessEnd{i, 0}));
  }
  drop();
}

}  // namespace
}  // namespace telltale::runtime
