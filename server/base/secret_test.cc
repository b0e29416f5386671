#include "base/secret.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(Secret, OnesThatAreMadeAreLongAndNeverTheSame) {
  const std::string one = make_secret();
  EXPECT_EQ(one.size(), 64U);
  EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(one, make_secret());
}

TEST(Secret, OnlyTheSameTextIsTheSame) {
  const Secret secret("0123456789abcdef");
  EXPECT_TRUE(secret.is(Secret("0123456789abcdef")));
  EXPECT_TRUE(secret.is(Secret(secret.digest())));
  for (const char* other : {"", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0"})
    EXPECT_FALSE(secret.is(Secret(other))) << other;
}

TEST(Secret, TheHmacIsThatOfTheStandard) {
  // RFC 4231, test case 2.
  EXPECT_EQ(hmac_text("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace telltale
