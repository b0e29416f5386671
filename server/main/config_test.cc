#include "main/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace telltale::main {
namespace {

TEST(Config, ReadsAddresses) {
  EXPECT_EQ(parse_address("127.0.0.1:0")->port, 0);
  EXPECT_EQ(parse_address("[::1]:65535")->host, "[::1]");
  for (const char* text : {"", "8080", ":8080", "a:", "a:x", "a:65536", "a:-1"})
    EXPECT_FALSE(parse_address(text).ok()) << text;
}

TEST(Config, ReadsRolesInAnyOrder) {
  const Roles all = parse_roles("serve,collect,fold").value();
  EXPECT_TRUE(all.collect && all.fold && all.serve);
  const Roles one = parse_roles("fold").value();
  EXPECT_TRUE(!one.collect && one.fold && !one.serve);
  for (const char* text : {"", "fold,", ",", "fold serve", "Fold", "render"})
    EXPECT_FALSE(parse_roles(text).ok()) << text;
}

TEST(Config, ASourceIsAFileUnderItsAbsolutePath) {
  const auto sources = parse_sources({"file:/a/./b", "file:c d"}).value();
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0].name, "file:/a/b");
  EXPECT_EQ(sources[0].path, "/a/b");
  EXPECT_EQ(sources[1].path, std::filesystem::current_path().string() + "/c d");
  for (const char* text : {"", "file:", "/a", "http://a", "File:/a"})
    EXPECT_FALSE(parse_sources({text}).ok()) << text;
  EXPECT_FALSE(parse_sources({"file:/a/b", "file:/a/../a/b"}).ok());
}

TEST(Config, KnowsLoopback) {
  EXPECT_TRUE(is_loopback("127.0.0.1") && is_loopback("localhost") && is_loopback("[::1]"));
  EXPECT_FALSE(is_loopback("0.0.0.0") || is_loopback("[::]") || is_loopback("10.0.0.1"));
}

TEST(Config, ATokenFileHoldsTokensThatCannotBeGuessed) {
  const std::string path = testing::TempDir() + "/tokens";
  std::ofstream(path) << "# ours\n\n0123456789abcdef\r\n";
  EXPECT_EQ(read_tokens(path).value(), std::vector<std::string>{"0123456789abcdef"});
  std::ofstream(path) << "short\n";
  EXPECT_FALSE(read_tokens(path).ok());
  std::ofstream(path) << "# none\n";
  EXPECT_FALSE(read_tokens(path).ok());
  EXPECT_FALSE(read_tokens(path + ".missing").ok());
}

}  // namespace
}  // namespace telltale::main
