#include "base/base64.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(Base64, TakesItWithAndWithoutPadding) {
  EXPECT_EQ(decode_base64("aG9sYTp4"), "hola:x");
  EXPECT_EQ(decode_base64("OngxMg=="), ":x12");
  EXPECT_EQ(decode_base64("OngxMg"), ":x12");
  EXPECT_EQ(decode_base64("AP8="), std::string("\0\xff", 2));
  EXPECT_EQ(decode_base64(""), "");
}

TEST(Base64, RefusesWhatIsNone) {
  EXPECT_EQ(decode_base64("a-b_"), std::nullopt);
  EXPECT_EQ(decode_base64("aG9s YTp4"), std::nullopt);
  EXPECT_EQ(decode_base64("a=b"), std::nullopt);
}

}  // namespace
}  // namespace telltale
