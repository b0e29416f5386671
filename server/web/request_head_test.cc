#include "web/request_head.h"

#include <gtest/gtest.h>

namespace telltale::web {
namespace {

RawHead head_of(std::string_view target, ports::Headers more = {}, int version = 11) {
  RawHead head{"GET", target, version, {{"host", "localhost:8080"}}};
  for (auto& field : more) head.headers.push_back(std::move(field));
  return head;
}

TEST(RequestHead, ThereIsNoDoubtAboutWhereABodyEnds) {
  for (const char* encoding : {"chunked", "Chunked", "CHUNKED"})
    EXPECT_TRUE(parse_head(head_of("/", {{"transfer-encoding", encoding}})).ok()) << encoding;
  for (const char* encoding :
       {"", "gzip", "identity", "xchunked", "chunked, identity", "identity, chunked",
        "chunked, chunked", "\"chunked\"", "chunked;q=1", ",chunked", "chunked,", "gzip, chunked",
        "chunked\v", "chun ked"})
    EXPECT_FALSE(parse_head(head_of("/", {{"transfer-encoding", encoding}})).ok()) << encoding;
  EXPECT_FALSE(
      parse_head(head_of("/", {{"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}))
          .ok());
  EXPECT_FALSE(
      parse_head(head_of("/", {{"transfer-encoding", "chunked"}, {"content-length", "5"}})).ok());
  EXPECT_FALSE(parse_head(head_of("/", {{"transfer-encoding", "chunked"}}, 10)).ok());
}

TEST(RequestHead, ARequestHasOneHost) {
  EXPECT_FALSE(parse_head(head_of("/", {{"host", "localhost:8080"}})).ok());
  EXPECT_FALSE(parse_head({"GET", "/", 11, {}}).ok());
  EXPECT_TRUE(parse_head({"GET", "/", 10, {}}).ok());
}

TEST(RequestHead, AnAbsoluteTargetNamesTheHostThatCounts) {
  const auto request = parse_head(head_of("http://Other:1/api/v1/runs?limit=1"));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->path, "/api/v1/runs");
  EXPECT_EQ(request->query, "limit=1");
  EXPECT_EQ(request->header("host"), "Other:1");
  EXPECT_EQ(parse_head(head_of("HTTPS://h"))->path, "/");
  EXPECT_EQ(parse_head(head_of("http://h?a=b"))->query, "a=b");
  EXPECT_EQ(parse_head(head_of("/http://h/"))->header("host"), "localhost:8080");
  for (const char* target : {"http://", "http:///x", "ftp://h/x", "://h", "http://u@h/", "h/x",
                             "h:80", "http:/x", "", "*", "/x#y", "http://h/#y"})
    EXPECT_FALSE(parse_head(head_of(target)).ok()) << target;
  RawHead all = head_of("*");
  all.method = "OPTIONS";
  EXPECT_EQ(parse_head(std::move(all))->path, "*");
}

}  // namespace
}  // namespace telltale::web
