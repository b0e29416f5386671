#include "web/browser_sessions.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/sim_runtime.h"
#include "web/access_limits.h"

namespace telltale::web {
namespace {

class BrowserSessionsTest : public testing::Test {
 protected:
  BrowserSessions make() {
    return {clock_, kept_, [this](const std::string& text) { kept_ = text; }};
  }

  runtime::SimRuntime clock_{1};
  std::string kept_;
  BrowserSessions sessions_ = make();
};

TEST_F(BrowserSessionsTest, ACodeIsGoodOnce) {
  const std::string code = sessions_.make_code();
  const auto session = sessions_.exchange(code);
  ASSERT_TRUE(session);
  EXPECT_TRUE(sessions_.has(Secret(session->token)));
  EXPECT_FALSE(sessions_.has(Secret(code))) << "a code is no token";
  EXPECT_FALSE(sessions_.exchange(code));
  EXPECT_FALSE(sessions_.exchange(session->token)) << "a token is no code";
}

TEST_F(BrowserSessionsTest, ACodeIsGoodForMinutesWhateverTheClockIsSetTo) {
  const std::string code = sessions_.make_code();
  const std::string late = sessions_.make_code();
  clock_.advance(kLinkCodeUs - 1);
  clock_.set_clock_by(-kSessionUs);
  EXPECT_TRUE(sessions_.exchange(code));
  clock_.advance(1);
  EXPECT_FALSE(sessions_.exchange(late));
}

TEST_F(BrowserSessionsTest, SoManyCodesAreOpenAndNoMore) {
  const std::string first = sessions_.make_code();
  std::string last;
  for (std::size_t i = 0; i < kLinkCodes; ++i) last = sessions_.make_code();
  EXPECT_FALSE(sessions_.exchange(first));
  EXPECT_TRUE(sessions_.exchange(last));
}

TEST_F(BrowserSessionsTest, WhoGuessesHasToWait) {
  for (int i = 0; i < kWrongTries; ++i) {
    EXPECT_FALSE(sessions_.must_wait()) << i;
    EXPECT_FALSE(sessions_.exchange("wrong"));
  }
  EXPECT_TRUE(sessions_.must_wait());
  clock_.advance(kWrongTriesUs);
  EXPECT_FALSE(sessions_.must_wait());
}

TEST_F(BrowserSessionsTest, ASessionOutlivesTheProcessAsADigest) {
  const auto session = sessions_.exchange(sessions_.make_code());
  EXPECT_EQ(kept_.find(session->token), std::string::npos);
  EXPECT_TRUE(make().has(Secret(session->token)));
  clock_.advance(kSessionUs);
  EXPECT_FALSE(sessions_.has(Secret(session->token)));
  EXPECT_FALSE(make().has(Secret(session->token)));
}

TEST_F(BrowserSessionsTest, WhatIsKeptMayBeDamaged) {
  const auto session = sessions_.exchange(sessions_.make_code());
  const std::string good = kept_;
  std::vector<std::string> damaged = {"x\n", " \n"};
  damaged.emplace_back(64, 'z').append(" 9");
  damaged.emplace_back(64, 'a').append(" x\n");
  damaged.push_back(good.substr(1));
  for (const std::string& bad : damaged) {
    kept_ = bad;
    EXPECT_FALSE(make().has(Secret(session->token))) << bad;
  }
  kept_ = "rubbish\n" + good;
  EXPECT_TRUE(make().has(Secret(session->token)));
}

TEST_F(BrowserSessionsTest, TheOldestSessionMakesRoom) {
  const auto first = sessions_.exchange(sessions_.make_code());
  for (std::size_t i = 0; i < kSessions; ++i)
    ASSERT_TRUE(sessions_.exchange(sessions_.make_code()));
  EXPECT_FALSE(sessions_.has(Secret(first->token)));
}

}  // namespace
}  // namespace telltale::web
