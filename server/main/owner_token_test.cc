#include "main/owner_token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

namespace telltale::main {
namespace {

namespace fs = std::filesystem;

// Of one variable, put back afterwards.
class Variable {
 public:
  explicit Variable(const char* name) : name_(name) {
    if (const char* value = std::getenv(name)) before_ = value;
    ::unsetenv(name);
  }
  ~Variable() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  void set(const std::string& value) { ::setenv(name_, value.c_str(), 1); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

class OwnerTokenTest : public testing::Test {
 protected:
  OwnerTokenTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    state_.set(folder_ + "/state");
  }
  ~OwnerTokenTest() override { fs::remove_all(folder_); }

  static std::string line(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    std::getline(file, text);
    return text;
  }
  static int mode(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? static_cast<int>(info.st_mode & 0777) : -1;
  }

  const std::string folder_ = testing::TempDir() + "/owner_token_test";
  const std::string left_ = folder_ + "/state/telltale/servers/127.0.0.1_8080";
  Variable state_{"XDG_STATE_HOME"};
  Variable token_{"TELLTALE_TOKEN"};
  Variable file_{"TELLTALE_TOKEN_FILE"};
};

TEST_F(OwnerTokenTest, IsMadeOnceAndReadByItsOwnerOnly) {
  const std::string token = owner_token(folder_).value();
  EXPECT_EQ(token.size(), 64U);
  EXPECT_EQ(line(folder_ + "/token"), token);
  EXPECT_EQ(mode(folder_ + "/token"), 0600);
  EXPECT_EQ(owner_token(folder_).value(), token);
  EXPECT_FALSE(owner_token(folder_ + "/missing").ok());
}

TEST_F(OwnerTokenTest, OneThatOthersCouldReadIsReplaced) {
  const std::string token = owner_token(folder_).value();
  ::chmod((folder_ + "/token").c_str(), 0640);
  const std::string next = owner_token(folder_).value();
  EXPECT_NE(next, token);
  EXPECT_EQ(mode(folder_ + "/token"), 0600);
  fs::remove(folder_ + "/token");
  std::ofstream(folder_ + "/elsewhere") << std::string(64, 'a') << '\n';
  fs::create_symlink(folder_ + "/elsewhere", folder_ + "/token");
  EXPECT_NE(owner_token(folder_).value(), std::string(64, 'a'));
  EXPECT_EQ(line(folder_ + "/elsewhere"), std::string(64, 'a'));
}

TEST_F(OwnerTokenTest, IsLeftForEachAddressAsLongAsTheServerRuns) {
  {
    const LeftToken left({"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "a/../b:1", "[::1]"},
                         "0123456789abcdef");
    EXPECT_EQ(line(left_), "0123456789abcdef");
    EXPECT_EQ(mode(left_), 0600);
    EXPECT_EQ(find_token("127.0.0.1", "8080").value(), "0123456789abcdef");
    EXPECT_EQ(find_token("localhost", "8080").value(), "0123456789abcdef");
    EXPECT_EQ(find_token("[::1]", "8080").value(), "0123456789abcdef");
    EXPECT_EQ(find_token("127.0.0.1", "8081").value(), "");
  }
  EXPECT_EQ(find_token("127.0.0.1", "8080").value(), "");
  EXPECT_EQ(mode(left_), -1);
}

TEST_F(OwnerTokenTest, WhatTheNextServerLeftStays) {
  auto first = std::make_optional<LeftToken>(std::vector<std::string>{"127.0.0.1:8080"}, "first-1");
  const LeftToken second({"127.0.0.1:8080"}, "second-2");
  first.reset();
  EXPECT_EQ(find_token("127.0.0.1", "8080").value(), "second-2");
}

TEST_F(OwnerTokenTest, WhatSomebodyElseCouldHaveLeftIsNotBelieved) {
  const LeftToken left({"127.0.0.1:8080"}, "0123456789abcdef");
  for (const mode_t open : {0640, 0604, 0660, 0666}) {
    ::chmod(left_.c_str(), open);
    EXPECT_EQ(find_token("127.0.0.1", "8080").value(), "") << open;
  }
  ::chmod(left_.c_str(), 0600);
  EXPECT_EQ(find_token("127.0.0.1", "8080").value(), "0123456789abcdef");
  fs::rename(left_, left_ + "x");
  fs::create_symlink(left_ + "x", left_);
  EXPECT_EQ(find_token("127.0.0.1", "8080").value(), "") << "a link";
  fs::remove(left_);
  if (::geteuid() == 0) {
    fs::rename(left_ + "x", left_);
    ASSERT_EQ(::chown(left_.c_str(), 65534, 65534), 0);
    EXPECT_EQ(find_token("127.0.0.1", "8080").value(), "") << "of another user";
  }
}

TEST_F(OwnerTokenTest, WhatTheEnvironmentSaysComesFirst) {
  const LeftToken left({"127.0.0.1:8080"}, "0123456789abcdef");
  std::ofstream(folder_ + "/tokens") << "# ours\nfedcba9876543210 ci launch\n";
  file_.set(folder_ + "/tokens");
  EXPECT_EQ(find_token("127.0.0.1", "8080").value(), "fedcba9876543210");
  token_.set("told");
  EXPECT_EQ(find_token("127.0.0.1", "8080").value(), "told");
  token_.set("");
  file_.set(folder_ + "/missing");
  EXPECT_FALSE(find_token("127.0.0.1", "8080").ok());
}

}  // namespace
}  // namespace telltale::main
