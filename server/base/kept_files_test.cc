#include "base/kept_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace telltale {
namespace {

namespace fs = std::filesystem;

TEST(KeptFiles, TellsWhatWasRemovedOrReplacedAndThatItIsBack) {
  std::string folder = (fs::temp_directory_path() / "kept-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/data/log.db";
  fs::create_directories(folder + "/data");
  std::ofstream(path) << "one";
  KeptFiles kept;
  kept.keep(path);
  kept.keep(folder + "/data/not-there");
  EXPECT_TRUE(kept.check().ok());
  std::ofstream(path) << "written to";
  EXPECT_TRUE(kept.check().ok());

  fs::rename(folder + "/data", folder + "/moved");
  ASSERT_FALSE(kept.check().ok());
  EXPECT_EQ(kept.check().error().code, ErrorCode::unavailable);
  EXPECT_NE(kept.check().error().message.find(path + " was removed"), std::string::npos);
  fs::create_directories(folder + "/data");
  std::ofstream(path) << "another one";
  EXPECT_NE(kept.check().error().message.find(path + " was replaced"), std::string::npos);
  fs::remove_all(folder + "/data");
  fs::rename(folder + "/moved", folder + "/data");
  EXPECT_TRUE(kept.check().ok());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace telltale
