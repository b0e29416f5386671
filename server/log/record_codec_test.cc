#include "log/record_codec.h"

#include <gtest/gtest.h>

namespace telltale::log {
namespace {

const std::vector<ports::Record> kRecords = {
    {"key", "value", 1},
    {"", "", -1},
    {std::string("\0k", 2), std::string(100, '\xff'), 1LL << 60}};

std::string encoded() { return encode_records({&kRecords[0], &kRecords[1], &kRecords[2]}); }

TEST(RecordCodec, DecodesWhatItEncoded) {
  const auto decoded = decode_records(encoded());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, kRecords);
  const auto none = decode_records(encode_records({}));
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
}

TEST(RecordCodec, EveryTruncationIsCorrupt) {
  const std::string blob = encoded();
  for (std::size_t size = 0; size < blob.size(); ++size)
    EXPECT_EQ(decode_records(blob.substr(0, size)).error().code, ErrorCode::corrupt) << size;
  EXPECT_EQ(decode_records(blob + '\0').error().code, ErrorCode::corrupt);
}

TEST(RecordCodec, EveryFlippedByteIsCorrupt) {
  const std::string blob = encoded();
  for (std::size_t at = 0; at < blob.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = blob;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      EXPECT_EQ(decode_records(damaged).error().code, ErrorCode::corrupt) << at;
    }
  }
}

}  // namespace
}  // namespace telltale::log
