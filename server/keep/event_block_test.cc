#include "keep/event_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <limits>

#include "base/limits.h"
#include "base/sha256.h"

namespace telltale::keep {
namespace {

RunKey run() { return make_run_key("test", "", "run", ""); }

const std::vector<ArchivedEvent>& some_events() {
  static const std::vector<ArchivedEvent> events = {
      {LogOffset{7}, 1'764'039'302'000'000, "first"},
      {LogOffset{8}, 1'764'039'302'000'001, ""},
      {LogOffset{300}, -5, std::string_view("\0zero", 5)},
      {LogOffset{UINT64_MAX - 1}, std::numeric_limits<std::int64_t>::min(), "last"},
  };
  return events;
}

EventBlockBuilder builder_of(const std::vector<ArchivedEvent>& events) {
  EventBlockBuilder builder;
  for (const ArchivedEvent& event : events) builder.add(event);
  return builder;
}

TEST(EventBlock, GivesBackWhatTheLogHad) {
  const EventBlockBuilder builder = builder_of(some_events());
  EXPECT_EQ(builder.first(), LogOffset{7});
  EXPECT_EQ(builder.last(), LogOffset{UINT64_MAX - 1});
  auto decoded = decode_event_block(builder.encode(run()));
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  const EventBlock block = decoded.take();  // its events survive being moved
  EXPECT_EQ(block.run(), run());
  EXPECT_EQ(block.events(), some_events());
  EXPECT_EQ(builder.gathered(run()).events(), some_events());
}

TEST(EventBlock, SaysWhatItFollows) {
  EventBlockBuilder builder = builder_of(some_events());
  EXPECT_EQ(decode_event_block(builder.encode(run()))->after(), std::nullopt);
  builder.follow(LogOffset{3});
  const std::string bytes = builder.encode(run());
  EXPECT_THAT(bytes.substr(8), testing::StartsWith("telltale events 2\n"));
  const auto decoded = decode_event_block(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->after(), LogOffset{3});
  EXPECT_EQ(decoded->events(), some_events());
  builder.follow(LogOffset{7});  // its own first one
  EXPECT_FALSE(decode_event_block(builder.encode(run())).ok());
}

TEST(EventBlock, IsSmallerThanItsEvents) {
  EventBlockBuilder builder;
  std::string text;
  for (std::uint64_t i = 0; builder.bytes() < limits::kEventBlockBytes; ++i) {
    text = "epoch " + std::to_string(i * i) + " loss";
    builder.add({LogOffset{i}, static_cast<std::int64_t>(i), text});
  }
  EXPECT_LT(builder.encode(run()).size(), builder.bytes() / 2);
}

// Of "zstd -d".
TEST(EventBlock, AnyZstdDecompressesIt) {
  const EventBlockBuilder builder = builder_of(some_events());
  const std::string bytes = builder.encode(run());
  EXPECT_THAT(bytes.substr(8), testing::StartsWith("telltale events 1\nrun " + run().text() +
                                                   "\nfirst 7\nlast 18446744073709551614\n"));
  std::string content(1'000, '\0');
  const std::size_t size =
      ZSTD_decompress(content.data(), content.size(), bytes.data(), bytes.size());
  ASSERT_EQ(ZSTD_isError(size), 0U);
  EXPECT_EQ(size, builder.bytes());
}

TEST(EventBlock, EveryCutAndEveryFlippedByteIsSeen) {
  EventBlockBuilder builder = builder_of(some_events());
  builder.follow(LogOffset{3});
  const std::string bytes = builder.encode(run());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_event_block(bytes.substr(0, length)).ok()) << length;
  EXPECT_FALSE(decode_event_block(bytes + "x").ok());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const auto block = decode_event_block(damaged);
    ASSERT_FALSE(block.ok()) << at;
    EXPECT_EQ(block.error().code, ErrorCode::corrupt);
  }
}

TEST(EventBlock, ItsKeysAreInTheOrderOfItsEvents) {
  const std::string key = event_block_key(run(), {LogOffset{5'120}, 12});
  EXPECT_EQ(key, "runs/" + run().text() + "/events/00000000000000005120-12");
  EXPECT_LT(key, event_block_key(run(), {LogOffset{10'000}, 1}));
  EXPECT_EQ(parse_event_block_id("00000000000000005120-12"), (EventBlockId{LogOffset{5'120}, 12}));
  EXPECT_EQ(parse_event_block_id("18446744073709551615-1"),
            (EventBlockId{LogOffset{UINT64_MAX}, 1}));
  for (const char* text : {"", "5120-12", "00000000000000005120", "00000000000000005120-",
                           "00000000000000005120-12x", "99999999999999999999-1"})
    EXPECT_FALSE(parse_event_block_id(text).has_value()) << text;
}

}  // namespace
}  // namespace telltale::keep
