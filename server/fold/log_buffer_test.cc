#include "fold/log_buffer.h"

#include <gtest/gtest.h>

#include <random>

namespace telltale::fold {
namespace {

TEST(LogBuffer, CutsWhatItHas) {
  LogBuffer log;
  EXPECT_TRUE(log.write(0, "hello"));
  EXPECT_FALSE(log.write(0, "hello"));
  EXPECT_FALSE(log.write(2, "llo"));
  EXPECT_TRUE(log.write(3, "lo world"));
  EXPECT_EQ(log.size(), 11U);
  EXPECT_EQ(log.read(0, 100).data, "hello world");
  EXPECT_EQ(log.read(4, 3).data, "o w");
  EXPECT_TRUE(log.lost().empty());
}

TEST(LogBuffer, KeepsAGapAsLost) {
  LogBuffer log;
  log.write(10, "abc");
  log.write(20, "def");
  EXPECT_FALSE(log.write(13, "never"));
  EXPECT_EQ(log.size(), 23U);
  EXPECT_EQ(log.lost(), (std::vector<LogBuffer::Range>{{0, 10}, {13, 20}}));
  EXPECT_EQ(log.lost_bytes(), 17U);
  EXPECT_EQ(log.read(0, 100).offset, 10U);
  EXPECT_EQ(log.read(0, 100).data, "abc");
  EXPECT_EQ(log.read(13, 100).offset, 20U);
  EXPECT_EQ(log.read(15, 100).data, "def");
  EXPECT_EQ(log.read(23, 100).offset, 23U);
  EXPECT_EQ(log.read(23, 100).data, "");
  EXPECT_EQ(log.read(99, 100).offset, 23U);
}

TEST(LogBuffer, AnEndPastAllNumbersIsNoLog) {
  LogBuffer log;
  EXPECT_FALSE(log.write(UINT64_MAX - 1, "abc"));
  EXPECT_FALSE(log.write(UINT64_MAX - 3, "abc"));
  EXPECT_EQ(log.size(), 0U);
}

TEST(LogBuffer, AHoleTooLargeIsNotMade) {
  LogBuffer log;
  log.write(0, "abc");
  EXPECT_FALSE(log.reaches(LogBuffer::kHoleBytesMax + 4));
  EXPECT_FALSE(log.write(LogBuffer::kHoleBytesMax + 4, "far"));
  EXPECT_EQ(log.size(), 3U);
  EXPECT_TRUE(log.lost().empty());
  EXPECT_TRUE(log.write(3, "def"));
  EXPECT_TRUE(log.write(LogBuffer::kHoleBytesMax + 6, "far"));
  EXPECT_EQ(log.lost_bytes(), LogBuffer::kHoleBytesMax);
}

TEST(LogBuffer, ReadsBackWhateverThePieces) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::string whole(500'000, '\0');
    for (char& c : whole) c = static_cast<char>(random());
    LogBuffer log;
    while (log.size() < whole.size()) {
      const std::uint64_t back = std::min<std::uint64_t>(random() % 100, log.size());
      const std::uint64_t offset = log.size() - back;
      log.write(offset, std::string_view(whole).substr(offset, 1 + random() % 100'000));
    }
    EXPECT_EQ(log.size(), whole.size());
    for (int i = 0; i < 100; ++i) {
      const std::uint64_t offset = random() % whole.size();
      const std::size_t bytes = random() % 200'000;
      EXPECT_EQ(log.read(offset, bytes).data, whole.substr(offset, bytes));
    }
  }
}

}  // namespace
}  // namespace telltale::fold
