#include "ports/http_range.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace telltale::ports {
namespace {

TEST(HttpRange, OneRangeOfEachForm) {
  const std::vector<std::pair<std::string, ByteSpan>> cases = {
      {"bytes=0-0", {0, 1}},
      {"bytes=3-4", {3, 2}},
      {"bytes=3-", {3, 7}},
      {"bytes=-3", {7, 3}},
      {"bytes=-30", {0, 10}},
      {"bytes=0-99", {0, 10}},
      {"bytes=0-18446744073709551615", {0, 10}},
      {"bytes=9-99999999999999999999999", {9, 1}},
      {"bytes=-99999999999999999999999", {0, 10}},
      {"Bytes = 3-4 ,", {3, 2}},
  };
  for (const auto& [header, span] : cases) {
    const WantedBytes wanted = parse_range(header, 10);
    ASSERT_TRUE(std::holds_alternative<ByteSpan>(wanted)) << header;
    EXPECT_EQ(std::get<ByteSpan>(wanted), span) << header;
  }
}

TEST(HttpRange, WhatIsNoSingleRangeOfBytesIsAllOfThem) {
  for (const char* header : {"", "lines=0-1", "bytes", "bytes 0-1", "bytes=0-1,3-4", "bytes=-1,0-"})
    EXPECT_TRUE(std::holds_alternative<AllBytes>(parse_range(header, 10))) << header;
}

TEST(HttpRange, WhatCannotBeIsRefused) {
  for (const char* header : {"bytes=", "bytes=-", "bytes=x", "bytes=4-3", "bytes=10-",
                             "bytes=10-11", "bytes=-0", "bytes=99999999999999999999999-",
                             "bytes=0-1x", "bytes=+1-2", "bytes=0--1", "bytes=0-1,x", "bytes=,"})
    EXPECT_TRUE(std::holds_alternative<NoSuchBytes>(parse_range(header, 10))) << header;
  for (const char* header : {"bytes=0-", "bytes=-5", "bytes=0-0"})
    EXPECT_TRUE(std::holds_alternative<NoSuchBytes>(parse_range(header, 0))) << header;
}

}  // namespace
}  // namespace telltale::ports
