#include "web/sign_in.h"

#include <gtest/gtest.h>

#include "runtime/sim_runtime.h"
#include "web/access_limits.h"

namespace telltale::web {
namespace {

class SignInTest : public testing::Test {
 protected:
  ports::HttpResponse ask(const std::string& path, const std::string& body) {
    ports::HttpRequest request;
    request.method = "POST";
    request.path = path;
    ports::HttpResponse answer;
    sign_in_.handle(std::move(request), body,
                    [&](ports::HttpResponse told) { answer = std::move(told); });
    return answer;
  }
  std::string code() {
    const std::string body = ask("/api/v1/link", "{}").body;
    return body.substr(std::string("{\"code\":\"").size(), 64);
  }

  runtime::SimRuntime clock_{1};
  BrowserSessions sessions_{clock_, "", [](const std::string&) {}};
  SignedPaths signed_paths_{clock_};
  SignIn sign_in_{sessions_, signed_paths_};
};

TEST_F(SignInTest, ALinksCodeBecomesATokenOnce) {
  const std::string body = "{\"code\":\"" + code() + "\"}";
  const auto answer = ask("/api/v1/session", body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.front(),
            (std::pair<std::string, std::string>("cache-control", "no-store")));
  const std::string token = answer.body.substr(std::string("{\"token\":\"").size(), 64);
  EXPECT_TRUE(sessions_.has(Secret(token)));
  EXPECT_EQ(ask("/api/v1/session", body).status, 403);
}

TEST_F(SignInTest, AWrongCodeAndAnExpiredOneAreAnsweredTheSame) {
  const std::string late = "{\"code\":\"" + code() + "\"}";
  clock_.advance(kLinkCodeUs);
  const auto expired = ask("/api/v1/session", late);
  const auto wrong = ask("/api/v1/session", R"({"code":"0123"})");
  EXPECT_EQ(expired.status, 403);
  EXPECT_EQ(wrong.status, expired.status);
  EXPECT_EQ(wrong.body, expired.body);
}

TEST_F(SignInTest, WhoGuessesHasToWaitWithTheRightOneToo) {
  const std::string right = "{\"code\":\"" + code() + "\"}";
  for (int i = 0; i < kWrongTries; ++i)
    EXPECT_EQ(ask("/api/v1/session", R"({"code":"0123"})").status, 403);
  EXPECT_EQ(ask("/api/v1/session", right).status, 429);
  clock_.advance(kWrongTriesUs);
  EXPECT_EQ(ask("/api/v1/session", right).status, 200);
}

TEST_F(SignInTest, AnAddressIsSigned) {
  const auto answer = ask("/api/v1/signed", R"({"path":"/api/v1/runs?limit=1"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body.rfind(R"({"url":"/api/v1/runs?limit=1&until=)", 0), 0U) << answer.body;
  for (const char* body : {R"({"path":"/metrics"})", R"({"path":"//evil.example/api/v1/"})",
                           R"({"path":"/api/v1/runs#x"})", R"({"path":7})", "{}"})
    EXPECT_EQ(ask("/api/v1/signed", body).status, 400) << body;
}

TEST_F(SignInTest, EverythingElseIsRefusedInWords) {
  for (const char* body : {"", "x", "[]", "{}", R"({"code":7})", R"({"kode":"x"})"})
    EXPECT_EQ(ask("/api/v1/session", body).status, 400) << body;
}

}  // namespace
}  // namespace telltale::web
