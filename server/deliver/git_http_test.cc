#include "deliver/git_http.h"

#include <gtest/gtest.h>

namespace telltale::deliver {
namespace {

TEST(ProjectOf, IsTheNameOfTheRepository) {
  EXPECT_EQ(project_of("demo.git"), "demo");
  EXPECT_EQ(project_of("demo"), "demo");
  EXPECT_EQ(project_of("Team_1.mammo-screening.git"), "Team_1.mammo-screening");
}

TEST(ProjectOf, IsNothingThatAPathOrGitTakesForSomethingElse) {
  for (const char* name : {"", ".git", "..", "../x", "a/b", "a..b", ".a", "-a", "a.", "a.lock",
                           "a.git.git", "a b", "a%2fb", "a\\b", "a:b", "a\n"})
    EXPECT_EQ(project_of(name), "") << name;
  EXPECT_EQ(project_of(std::string("a\0b", 3)), "");
  EXPECT_NE(project_of(std::string(64, 'a')), "");
  EXPECT_EQ(project_of(std::string(65, 'a')), "");
}

}  // namespace
}  // namespace telltale::deliver
