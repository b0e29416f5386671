#include "base/ids.h"

#include <gtest/gtest.h>

#include <string>

namespace telltale {
namespace {

TEST(Ids, AreTwentySixCharactersWhateverTheParts) {
  const std::string huge(100'000, 'x');
  for (const std::string& name : {std::string(), std::string("학습"), std::string("a/b"), huge}) {
    EXPECT_TRUE(is_id(make_task_id(name).text())) << name.substr(0, 20);
  }
}

TEST(Ids, TellPartsApartWhereverTheyAreSplit) {
  EXPECT_NE(hash_id({"ab", "c"}), hash_id({"a", "bc"}));
  EXPECT_NE(hash_id({"a"}), hash_id({"a", ""}));
}

TEST(Ids, EncodeTheFirst128BitsOfSha256) {
  // SHA-256("") starts e3b0c44298fc1c149afbf4c8996fb924.
  EXPECT_EQ(hash_id({}), "4oymiquy7qobjgx36tejs35zeq");
}

TEST(Ids, ParseTakesOnlyWhatHashIdMakes) {
  EXPECT_TRUE(RunKey::parse(hash_id({"x"})));
  EXPECT_FALSE(RunKey::parse(""));
  EXPECT_FALSE(RunKey::parse("../../../../../../etc/shad"));
  EXPECT_FALSE(RunKey::parse(std::string(26, 'A')));
  EXPECT_FALSE(RunKey::parse(std::string(27, 'a')));
}

}  // namespace
}  // namespace telltale
