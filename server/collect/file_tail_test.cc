#include "collect/file_tail.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ports/await_test.h"

namespace telltale::collect {
namespace {

using Lines = std::vector<std::string>;

// A file, a tail that follows it, and the position it has come to.
class FileTailTest : public testing::Test {
 protected:
  void append(const std::string& text, const std::string& path) {
    std::ofstream(path, std::ios::app | std::ios::binary) << text;
  }
  void append(const std::string& text) { append(text, path_); }
  void truncate() { std::ofstream(path_, std::ios::trunc).flush(); }
  // As logrotate: the file goes on under another name.
  void rotate() { std::filesystem::rename(path_, path_ + ".1"); }

  Result<ports::SourceBatch> read() {
    Result<ports::SourceBatch> batch = tail_->read(position_, limits_);
    if (batch.ok()) position_ = batch->position;
    return batch;
  }
  Lines lines() {
    Lines found;
    Result<ports::SourceBatch> batch = read();
    EXPECT_TRUE(batch.ok()) << batch.error().message;
    if (!batch.ok()) return found;
    for (const ports::Item& item : batch->items) found.push_back(item.bytes);
    return found;
  }
  void restart() { tail_.emplace("file:test", path_); }

  const ports::TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/events";
  ports::SourceLimits limits_;
  std::string position_;
  std::optional<FileTail> tail_{std::in_place, "file:test", path_};
};

TEST_F(FileTailTest, AFileThatIsNotThereIsWaitedFor) {
  EXPECT_EQ(lines(), Lines{});
  append("a\n");
  EXPECT_EQ(lines(), Lines{"a"});
}

TEST_F(FileTailTest, ALineIsTakenWhenItsEndIsThere) {
  append("a\nb");
  EXPECT_EQ(lines(), Lines{"a"});
  EXPECT_EQ(lines(), Lines{});
  append("b");
  EXPECT_EQ(lines(), Lines{});
  append("b\n\n\r\nc\n");
  EXPECT_EQ(lines(), (Lines{"bbb", "\r", "c"}));
}

TEST_F(FileTailTest, EmptyLinesMoveThePositionOn) {
  append("\n\n\n");
  EXPECT_EQ(lines(), Lines{});
  const std::string after = position_;
  EXPECT_NE(after, "");
  EXPECT_EQ(lines(), Lines{});
  EXPECT_EQ(position_, after);
}

TEST_F(FileTailTest, ALongLineIsLookedThroughOnceHoweverItArrives) {
  limits_.item_bytes_max = 3;
  limits_.bytes_max = 1;
  for (int i = 0; i < 50; ++i) {
    append("long");
    EXPECT_EQ(lines(), Lines{});
  }
  append("!\nok\n");
  const auto batch = read();
  ASSERT_TRUE(batch.ok());
  ASSERT_EQ(batch->items.size(), 1U);
  EXPECT_EQ(batch->items[0].bytes, "lon");
  EXPECT_EQ(batch->items[0].size, 201U);
  EXPECT_EQ(lines(), Lines{"ok"});
}

TEST_F(FileTailTest, ALongLineThatIsCutOffIsForgotten) {
  limits_.item_bytes_max = 3;
  append(std::string(1'000, 'x'));
  EXPECT_EQ(lines(), Lines{});
  truncate();
  append("a\nb\n");
  EXPECT_EQ(lines(), (Lines{"a", "b"}));
}

TEST_F(FileTailTest, TheOldFileIsReadToItsEndBeforeTheNewOne) {
  append("a\n");
  EXPECT_EQ(lines(), Lines{"a"});
  append("b\nhalf");
  rotate();
  EXPECT_EQ(lines(), Lines{"b"});
  append(" a line\nlast, without its end", path_ + ".1");
  EXPECT_EQ(lines(), Lines{"half a line"});
  append("c\n");
  EXPECT_EQ(lines(), Lines{"last, without its end"});
  EXPECT_EQ(lines(), Lines{"c"});
  append("d\n");
  EXPECT_EQ(lines(), Lines{"d"});
}

TEST_F(FileTailTest, WhatWasRotatedAwayWhileNobodyReadHasExpired) {
  append("a\nb\n");
  EXPECT_EQ(lines(), (Lines{"a", "b"}));
  tail_.reset();
  rotate();
  append("c\nd\ne\n");
  restart();
  EXPECT_EQ(read().error().code, ErrorCode::expired);
  position_.clear();
  EXPECT_EQ(lines(), (Lines{"c", "d", "e"}));
}

TEST_F(FileTailTest, AFileThatWasCutOffHasExpiredEvenIfItIsLongerByNow) {
  append("a\nb\n");
  EXPECT_EQ(lines().size(), 2U);
  truncate();
  append("c\nd\ne\nf\n");
  EXPECT_EQ(read().error().code, ErrorCode::expired);
  position_.clear();
  EXPECT_EQ(lines(), (Lines{"c", "d", "e", "f"}));
}

TEST_F(FileTailTest, ACopyThatHasGrownGoesOnWhereTheOldOneWasRead) {
  append("a\nb\nhal");
  EXPECT_EQ(lines(), (Lines{"a", "b"}));
  const std::string copy = path_ + ".new";
  append("a\nb\nhalf\nc\n", copy);
  std::filesystem::rename(copy, path_);
  EXPECT_EQ(lines(), (Lines{"half", "c"}));
}

TEST_F(FileTailTest, WhatIsNoFileIsSaid) {
  std::filesystem::create_directory(path_);
  EXPECT_EQ(read().error().code, ErrorCode::invalid_argument);
  std::filesystem::remove(path_);
  append("a\n");
  EXPECT_EQ(lines(), Lines{"a"});
}

}  // namespace
}  // namespace telltale::collect
