#include "main/config.h"

#include <fmt/format.h>
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

TEST(Sources, AClusterIsNamedByItsContext) {
  const auto sources =
      parse_sources({"kubernetes:", "kubernetes:prod?namespace=a,b&label=x in (y)"}).value();
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0].kind, SourceSpec::Kind::kubernetes);
  EXPECT_EQ(sources[0].context, "");
  EXPECT_EQ(sources[1].context, "prod");
  EXPECT_EQ(sources[1].namespaces, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(sources[1].label, "x in (y)");
  EXPECT_FALSE(parse_sources({"kubernetes:?name=x"}).ok());
}

// Its position is kept under its name, so where people find its pages is no part of that.
TEST(Sources, WhereThePagesOfKubeflowAreChangesNoName) {
  const auto named = [](const std::string& text) { return parse_sources({text}).value().front(); };
  EXPECT_EQ(named("kubernetes:?kfp=https://kf/pipeline").name, "kubernetes:");
  const SourceSpec source =
      named("kubernetes:prod?namespace=a&kfp=http://kf/_/pipeline/?ns={namespace}%26x&label=y=z");
  EXPECT_EQ(source.name, "kubernetes:prod?namespace=a&label=y=z");
  EXPECT_EQ(source.kfp_url, "http://kf/_/pipeline/?ns={namespace}&x");
  EXPECT_EQ(source.label, "y=z");
  for (const char* url : {"", "kf/pipeline", "javascript:alert(1)", "file:///etc"})
    EXPECT_FALSE(parse_sources({fmt::format("kubernetes:?kfp={}", url)}).ok()) << url;
}

TEST(Config, KnowsLoopback) {
  EXPECT_TRUE(is_loopback("127.0.0.1") && is_loopback("localhost") && is_loopback("[::1]"));
  EXPECT_FALSE(is_loopback("0.0.0.0") || is_loopback("[::]") || is_loopback("10.0.0.1"));
}

TEST(Config, ATokenMayBeForOneProject) {
  const std::string path = testing::TempDir() + "/tokens";
  std::ofstream(path) << "0123456789abcdef ann read,git(demo),git(other)\n"
                         "fedcba9876543210 bob git(demo),git\n";
  const auto tokens = read_tokens(path).value();
  EXPECT_EQ(tokens[0].grant.scopes, (web::Scopes{web::Scope::read, web::Scope::git}));
  EXPECT_EQ(tokens[0].grant.projects, (std::vector<std::string>{"demo", "other"}));
  EXPECT_EQ(tokens[1].grant.projects, std::vector<std::string>());
  for (const char* scopes : {"git()", "git(demo", "read(demo)"}) {
    std::ofstream(path) << "0123456789abcdef ann " << scopes << "\n";
    EXPECT_FALSE(read_tokens(path).ok()) << scopes;
  }
}

TEST(Config, ATokenFileHoldsTokensThatCannotBeGuessed) {
  const std::string path = testing::TempDir() + "/tokens";
  std::ofstream(path) << "# ours\n\n0123456789abcdef\r\nfedcba9876543210 grafana read\n"
                         "  0000111122223333\tci  ingest,launch \n4444555566667777 ann\n";
  const auto tokens = read_tokens(path).value();
  ASSERT_EQ(tokens.size(), 4U);
  EXPECT_EQ(tokens[0].token, "0123456789abcdef");
  EXPECT_EQ(tokens[0].name, "token 1");
  EXPECT_EQ(tokens[0].grant.scopes, web::Scopes::all());
  EXPECT_EQ(tokens[1].name, "grafana");
  EXPECT_EQ(tokens[1].grant.scopes, web::Scopes{web::Scope::read});
  EXPECT_EQ(tokens[2].token, "0000111122223333");
  EXPECT_EQ(tokens[2].grant.scopes, (web::Scopes{web::Scope::ingest, web::Scope::launch}));
  EXPECT_EQ(tokens[3].name, "ann");
  EXPECT_EQ(tokens[3].grant.scopes, web::Scopes::all());
  for (const char* text : {"short\n", "# none\n", "0123456789abcdef ci reed\n",
                           "0123456789abcdef ci read ingest\n", "0123456789abcdef ci read,\n"}) {
    std::ofstream(path) << text;
    EXPECT_FALSE(read_tokens(path).ok()) << text;
  }
  EXPECT_NE(read_tokens(path).error().message.find("line 1"), std::string::npos);
  EXPECT_FALSE(read_tokens(path + ".missing").ok());
}

TEST(Config, WhatNeedsNoTokenDependsOnWhoCanAsk) {
  const web::Scopes both{web::Scope::read, web::Scope::ingest};
  EXPECT_EQ(parse_open("", true, false).value(), both);
  EXPECT_EQ(parse_open("", true, true).value(), web::Scopes());
  EXPECT_EQ(parse_open("", false, true).value(), web::Scopes());
  EXPECT_EQ(parse_open("none", true, false).value(), web::Scopes());
  EXPECT_EQ(parse_open("read", false, true).value(), web::Scopes{web::Scope::read});
  EXPECT_EQ(parse_open("ingest,read", true, true).value(), both);
  for (const char* text : {"launch", "read,launch", "all", "None", "read;ingest"})
    EXPECT_FALSE(parse_open(text, true, false).ok()) << text;
}

}  // namespace
}  // namespace telltale::main
