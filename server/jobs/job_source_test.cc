#include "jobs/job_source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ports/await_test.h"

namespace telltale::jobs {
namespace {

namespace fs = std::filesystem;

class JobSourceTest : public testing::Test {
 protected:
  JobSourceTest() {
    fs::create_directories(at("root/below"));
    fs::create_directories(at("root/own"));
    fs::create_directories(at("root2"));
    write("root/below/data.csv", "a,b");
    write("root/own/token", "secret");
    write("root2/other.csv", "a");
    write("outside.csv", "a");
    fs::create_symlink(at("outside.csv"), at("root/link.csv"));
    fs::create_symlink(at("root/below"), at("root/folder_link"));
  }
  std::string at(const std::string& name) const {
    return fs::canonical(folder_.path()).string() + "/" + name;
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(at(name)) << text;
  }
  ErrorCode refusal(const std::string& uri) const {
    const Result<SourceFile> found = JobSources::open({at("root")}, at("root/own"))->find(uri);
    return found.ok() ? ErrorCode::internal : found.error().code;
  }

  ports::TemporaryFolder folder_;
};

TEST_F(JobSourceTest, AFileBelowARootIsFoundAndKnownAgain) {
  const Result<JobSources> sources = JobSources::open({at("root")}, at("root/own"));
  ASSERT_TRUE(sources.ok());
  const std::string path = at("root/below/data.csv");
  const Result<SourceFile> found = sources->find(path);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->path, path);
  EXPECT_EQ(sources->find("file://" + path)->version, found->version);
  EXPECT_EQ(sources->find(at("root/below/../below/data.csv"))->path, path);
  write("root/below/data.csv", "other,and,longer");
  EXPECT_NE(sources->find(path)->version, found->version);
}

TEST_F(JobSourceTest, NothingElseIsASource) {
  const std::string cases[] = {at("outside.csv"),
                               at("root/../outside.csv"),
                               at("root/link.csv"),
                               at("root/folder_link/data.csv"),
                               at("root2/other.csv"),
                               at("root/own/token"),
                               at("root/below/../own/token"),
                               at("root/below"),
                               at("root"),
                               "/proc/self/environ",
                               "below/data.csv",
                               "http://127.0.0.1/",
                               "https://169.254.169.254/latest",
                               "s3://bucket/key",
                               "file://host" + at("root/below/data.csv"),
                               ""};
  for (const std::string& uri : cases) EXPECT_EQ(refusal(uri), ErrorCode::invalid_argument) << uri;
  EXPECT_EQ(refusal(at("root/below/none.csv")), ErrorCode::not_found);
}

TEST_F(JobSourceTest, WithoutARootThereIsNoSource) {
  const Result<JobSources> none = JobSources::open({}, at("root/own"));
  EXPECT_FALSE(none->find(at("root/below/data.csv")).ok());
  EXPECT_FALSE(JobSources::open({"/"}, at("root/own")).ok());
  EXPECT_FALSE(JobSources::open({at("outside.csv")}, at("root/own")).ok());
}

}  // namespace
}  // namespace telltale::jobs
