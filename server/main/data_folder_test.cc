#include "main/data_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace telltale::main {
namespace {

namespace fs = std::filesystem;

class DataFolderTest : public testing::Test {
 protected:
  DataFolderTest() : before_(::umask(022)) { fs::remove_all(folder_); }
  ~DataFolderTest() override {
    ::umask(before_);
    fs::remove_all(folder_);
  }

  static int mode(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? static_cast<int>(info.st_mode & 0777) : -1;
  }

  const std::string folder_ = testing::TempDir() + "/data_folder_test";
  const mode_t before_;
};

TEST_F(DataFolderTest, WhatAnEarlierVersionLeftOpenIsClosed) {
  fs::create_directories(folder_ + "/store/runs");
  for (const char* name : {"log.db", "log.db-wal", "log.db-shm"})
    std::ofstream(folder_ + "/" + name);
  ASSERT_EQ(mode(folder_ + "/log.db"), 0644);
  ASSERT_TRUE(prepare_data_folder(folder_).ok());
  EXPECT_EQ(mode(folder_), 0700);
  EXPECT_EQ(mode(folder_ + "/store"), 0700);
  for (const char* name : {"/log.db", "/log.db-wal", "/log.db-shm"})
    EXPECT_EQ(mode(folder_ + name), 0600) << name;
}

TEST_F(DataFolderTest, AFolderOfOtherThingsStaysAsItIs) {
  fs::create_directories(folder_);
  std::ofstream(folder_ + "/thesis.tex");
  std::ofstream(folder_ + "/log.db");
  fs::create_symlink(folder_ + "/thesis.tex", folder_ + "/token");
  ASSERT_TRUE(prepare_data_folder(folder_).ok());
  EXPECT_EQ(mode(folder_), 0755);
  EXPECT_EQ(mode(folder_ + "/thesis.tex"), 0644) << "also not through a link";
  EXPECT_EQ(mode(folder_ + "/log.db"), 0600);
}

TEST_F(DataFolderTest, OneThatIsMissingIsMadeAndOneThatIsAFileIsRefused) {
  ASSERT_TRUE(prepare_data_folder(folder_ + "/new").ok());
  EXPECT_EQ(mode(folder_ + "/new"), 0700);
  std::ofstream(folder_ + "/file");
  EXPECT_FALSE(prepare_data_folder(folder_ + "/file").ok());
}

}  // namespace
}  // namespace telltale::main
