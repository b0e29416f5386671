#include "fold/checkpoint.h"

#include <gtest/gtest.h>

namespace telltale::fold {
namespace {

TEST(Checkpoint, ComesBackAsItWas) {
  const std::string bytes = encode_checkpoint({LogOffset{18'446'744'073'709'551'615U}, 3});
  const Result<Checkpoint> checkpoint = decode_checkpoint(bytes);
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ(checkpoint.value().next, LogOffset{18'446'744'073'709'551'615U});
  EXPECT_EQ(checkpoint.value().fold_version, 3U);
}

TEST(Checkpoint, EveryCutOrChangeIsToldFromTheWhole) {
  const std::string bytes = encode_checkpoint({LogOffset{12}, 3});
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_checkpoint(bytes.substr(0, length)).ok()) << length;
  EXPECT_FALSE(decode_checkpoint(bytes + "x").ok());
  EXPECT_FALSE(decode_checkpoint("telltale checkpoint 2\nnext 1\nfold_version 1\n").ok());
}

}  // namespace
}  // namespace telltale::fold
