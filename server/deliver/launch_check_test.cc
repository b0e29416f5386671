#include "deliver/launch_check.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace telltale::deliver {
namespace {

namespace fs = std::filesystem;

class LaunchCheckTest : public testing::Test {
 protected:
  LaunchCheckTest() {
    std::string pattern = fs::canonical(testing::TempDir()).string() + "/launch-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(file()) << "x = 1\n";
    ::chmod(file().c_str(), 0644);
  }
  ~LaunchCheckTest() override { fs::remove_all(folder_); }

  std::string file() const { return folder_ + "/p.py"; }
  static std::string refusal(const LaunchSpec& spec) {
    const auto checked = check_launch(spec);
    return checked.ok() ? "" : checked.error().message;
  }
  static std::string refusal(const std::string& path) {
    return refusal(LaunchSpec{path, "", "", {}});
  }
  void expect_refused(const std::string& path, const std::string& why) {
    EXPECT_NE(refusal(path).find(why), std::string::npos) << path << ": " << refusal(path);
  }

  std::string folder_;
};

TEST_F(LaunchCheckTest, AFileOfOnesOwnIsStartedInItsFolder) {
  const auto checked = check_launch({file(), "", "", {}});
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  EXPECT_EQ(checked->pipeline_file, file());
  EXPECT_EQ(checked->working_directory, folder_);
  fs::copy_file(file(), folder_ + "/p.yaml");
  EXPECT_EQ(refusal(folder_ + "/p.yaml"), "");
}

TEST_F(LaunchCheckTest, ALinkOnTheWayIsFollowedNowAndNotLater) {
  fs::create_directory_symlink(folder_, folder_ + "-link");
  const auto checked = check_launch({folder_ + "-link/p.py", folder_ + "-link", "", {}});
  fs::remove(folder_ + "-link");
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  EXPECT_EQ(checked->pipeline_file, file());
  EXPECT_EQ(checked->working_directory, folder_);
}

TEST_F(LaunchCheckTest, WhatIsNoFileOfAPipelineIsRefused) {
  expect_refused(folder_ + "/none.py", "There is no file");
  expect_refused(folder_, "no regular one");
  fs::create_directory(folder_ + "/folder.py");
  expect_refused(folder_ + "/folder.py", "no regular one");
  ASSERT_EQ(::mkfifo((folder_ + "/fifo.py").c_str(), 0600), 0);
  expect_refused(folder_ + "/fifo.py", "no regular one");
  fs::copy_file(file(), folder_ + "/p.sh");
  expect_refused(folder_ + "/p.sh", ".py or .yaml");
  fs::copy_file(file(), folder_ + "/py");
  expect_refused(folder_ + "/py", ".py or .yaml");
  expect_refused("p.py", "absolute");
  expect_refused("", "absolute");
  expect_refused(file() + std::string(1, '\0') + ".txt", "absolute");
  fs::create_symlink(file(), folder_ + "/link.py");
  expect_refused(folder_ + "/link.py", "is a link");
}

TEST_F(LaunchCheckTest, NothingIsStartedFromTheSystemsOwnFolders) {
  const int opened = ::open(file().c_str(), O_RDONLY | O_CLOEXEC);
  expect_refused("/proc/self/exe", "it is the system's");
  expect_refused("/proc/self/fd/" + std::to_string(opened), "it is the system's");
  expect_refused("/proc/self/cwd/../x.py", "it is the system's");
  expect_refused(folder_ + "/../../../../../../proc/self/exe", "it is the system's");
  expect_refused("/dev/null", "it is the system's");
  expect_refused("/sys/kernel/notes", "it is the system's");
  ::close(opened);
  fs::create_directory_symlink("/proc/self", folder_ + "/self");
  EXPECT_NE(refusal(folder_ + "/self/environ"), "");
  EXPECT_NE(refusal(LaunchSpec{file(), folder_ + "/self", "", {}}), "");
}

TEST_F(LaunchCheckTest, WhatAnotherUserCouldChangeIsRefused) {
  ::chmod(file().c_str(), 0666);
  expect_refused(file(), "Every user of this machine can write");
  ::chmod(file().c_str(), 0644);
  ::chmod(folder_.c_str(), 0777);
  expect_refused(file(), "Every user of this machine can write");
  // Files of one's own are safe there, but a module of another user could come beside them.
  ::chmod(folder_.c_str(), 01777);
  expect_refused(file(), "Every user of this machine can write");
  fs::create_directory(folder_ + "/mine");
  EXPECT_EQ(refusal(LaunchSpec{file(), folder_ + "/mine", "", {}}), "");
}

TEST_F(LaunchCheckTest, WhatBelongsToAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(::chown(file().c_str(), 65534, 65534), 0);
  expect_refused(file(), "belongs to another user");
  ASSERT_EQ(::chown(file().c_str(), 0, 0), 0);
  ASSERT_EQ(::chown(folder_.c_str(), 65534, 65534), 0);
  expect_refused(file(), "belongs to another user");
}

TEST_F(LaunchCheckTest, AnArgumentIsNoLongerThanAProcessTakes) {
  LaunchSpec spec{file(), "", "", {{"a", std::string(kArgumentBytes - 32, 'x')}}};
  EXPECT_EQ(refusal(spec), "");
  spec.parameters["a"] += std::string(32, 'x');
  EXPECT_NE(refusal(spec).find("128 KiB"), std::string::npos);
  spec.parameters = {};
  spec.pipeline = std::string(kArgumentBytes, 'x');
  EXPECT_NE(refusal(spec).find("128 KiB"), std::string::npos);
  spec.pipeline = "";
  spec.parameters["a"] = std::string("b\0c", 3);
  EXPECT_NE(refusal(spec).find("NUL"), std::string::npos);
  spec.parameters = {};
  spec.working_directory = "/no/such";
  EXPECT_NE(refusal(spec).find("There is no folder"), std::string::npos);
}

}  // namespace
}  // namespace telltale::deliver
