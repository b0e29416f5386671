#include "web/authenticator.h"

#include <gtest/gtest.h>

#include "runtime/sim_runtime.h"
#include "web/access_limits.h"

namespace telltale::web {
namespace {

constexpr const char* kOwner = "0123456789abcdef";
constexpr const char* kReader = "fedcba9876543210";
constexpr const char* kOfDemo = "0000111122223333";

class AuthenticatorTest : public testing::Test {
 protected:
  static ports::HttpRequest with(const std::string& name, const std::string& value) {
    ports::HttpRequest request;
    request.headers = {{name, value}};
    return request;
  }
  static ports::HttpRequest bearer(const std::string& token) {
    return with("authorization", "Bearer " + token);
  }
  int status(const ports::HttpRequest& request, Scope scope) {
    const auto denial = authenticator_.check(request, scope);
    return denial ? denial->status : 200;
  }

  runtime::SimRuntime clock_{1};
  Counters counters_;
  BrowserSessions sessions_{clock_, "", [](const std::string&) {}};
  SignedPaths signed_paths_{clock_};
  Authenticator authenticator_{Scopes{Scope::read, Scope::ingest},
                               {{"owner", Secret(kOwner), Scopes::all()},
                                {"dashboard", Secret(kReader), Scopes{Scope::read, Scope::git}},
                                {"ann", Secret(kOfDemo), Scopes{Scope::git}, {"demo"}}},
                               sessions_,
                               signed_paths_,
                               clock_,
                               counters_};
};

TEST_F(AuthenticatorTest, WhatIsOpenAsksForNothing) {
  EXPECT_EQ(status({}, Scope::read), 200);
  EXPECT_EQ(status({}, Scope::ingest), 200);
  EXPECT_EQ(status(bearer("a token of yesterday"), Scope::read), 200);
  EXPECT_EQ(counters_.get(Counter::http_unauthorized), 0U);
}

TEST_F(AuthenticatorTest, ATokenOfOneProjectOpensNoOther) {
  const auto at = [&](const std::string& path) {
    ports::HttpRequest request = bearer(kOfDemo);
    request.path = path;
    return status(request, Scope::git);
  };
  EXPECT_EQ(at("/git/demo.git/info/refs"), 200);
  EXPECT_EQ(at("/git/demo/git-receive-pack"), 200);
  EXPECT_EQ(at("/api/v1/projects/demo/pushes"), 200);
  for (const char* path : {"/git/demo2.git/info/refs", "/git/demo.git.git/info/refs", "/git//demo",
                           "/git/%64emo.git/info/refs", "/api/v1/projects/other/pushes",
                           "/api/v1/projects/demo.git/pushes", "/api/v1/runs", ""})
    EXPECT_EQ(at(path), 403) << path;
  EXPECT_EQ(authenticator_.caller(bearer(kOfDemo)), "ann");
  EXPECT_EQ(authenticator_.caller(bearer("a token of yesterday")), "");
}

TEST_F(AuthenticatorTest, WhatRunsCodeTakesATokenForIt) {
  for (const Scope scope : {Scope::launch, Scope::render, Scope::git, Scope::admin}) {
    EXPECT_EQ(status({}, scope), 401) << name_of(scope);
    EXPECT_EQ(status(bearer(kOwner), scope), 200) << name_of(scope);
    EXPECT_EQ(status(bearer("0123456789abcdeF"), scope), 401) << name_of(scope);
  }
  EXPECT_EQ(status(bearer(kReader), Scope::git), 200);
  EXPECT_EQ(status(bearer(kReader), Scope::launch), 403);
  const auto denial = authenticator_.check(bearer(kReader), Scope::launch);
  EXPECT_EQ(denial->detail, "This takes a token with the scope launch; 'dashboard' has read,git.");
}

TEST_F(AuthenticatorTest, ATokenComesInAHeaderOrInASubprotocolAndNowhereElse) {
  const std::string token = kOwner;
  const auto told = [&](const char* name, const std::string& value) {
    return status(with(name, value), Scope::launch);
  };
  EXPECT_EQ(told("authorization", "bearer " + token), 200);
  EXPECT_EQ(told("authorization", "BEARER  " + token + " "), 200);
  EXPECT_EQ(told("sec-websocket-protocol", "telltale, token." + token), 200);
  EXPECT_EQ(told("sec-websocket-protocol", "token." + token + ",telltale"), 200);

  EXPECT_EQ(told("authorization", token), 401);
  EXPECT_EQ(told("authorization", "Basic " + token), 401);
  EXPECT_EQ(told("authorization", "Bearer "), 401);
  EXPECT_EQ(told("authorization", "Bearer"), 401);
  EXPECT_EQ(told("cookie", "telltale_token=" + token), 401);
  EXPECT_EQ(told("sec-websocket-protocol", token), 401);
  EXPECT_EQ(told("sec-websocket-protocol", "xtoken." + token), 401);
  ports::HttpRequest request;
  request.query = "token=" + token;
  EXPECT_EQ(status(request, Scope::launch), 401);
}

TEST_F(AuthenticatorTest, ForGitATokenMayBeAPassword) {
  const auto basic = [](const std::string& text) { return with("authorization", "Basic " + text); };
  const std::string owner = "ZGV2ZWxvcGVyOjAxMjM0NTY3ODlhYmNkZWY=";  // developer:kOwner
  EXPECT_EQ(status(basic(owner), Scope::git), 200);
  EXPECT_EQ(status(basic(owner), Scope::launch), 401);
  EXPECT_EQ(status(basic("OmZlZGNiYTk4NzY1NDMyMTA="), Scope::git), 200);  // :kReader
  EXPECT_EQ(status(basic("OjAxMjM="), Scope::git), 401);
  EXPECT_EQ(status(basic("MDEyMzQ1Njc4OWFiY2RlZg=="), Scope::git), 401);  // no colon
  EXPECT_EQ(status(basic("*"), Scope::git), 401);
}

TEST_F(AuthenticatorTest, ASessionActsForTheOwnerAsLongAsItLasts) {
  const auto session = sessions_.exchange(sessions_.make_code());
  EXPECT_EQ(status(bearer(session->token), Scope::launch), 200);
  EXPECT_EQ(status(bearer(session->token), Scope::admin), 200);
  clock_.advance(kSessionUs);
  EXPECT_EQ(status(bearer(session->token), Scope::launch), 401);
}

TEST_F(AuthenticatorTest, ASignedAddressReadsAndDoesNothingElse) {
  Authenticator closed({}, {}, sessions_, signed_paths_, clock_, counters_);
  const std::string address = signed_paths_.sign("/api/v1/runs");
  ports::HttpRequest request;
  request.method = "GET";
  request.path = "/api/v1/runs";
  EXPECT_TRUE(closed.check(request, Scope::read));
  request.query = address.substr(address.find('?') + 1);
  EXPECT_FALSE(closed.check(request, Scope::read));
  EXPECT_TRUE(closed.check(request, Scope::launch));
  EXPECT_TRUE(closed.check(request, Scope::admin));
}

TEST_F(AuthenticatorTest, WhoGuessesIsToldToWaitAndWhoKnowsIsNot) {
  for (int i = 0; i < kWrongTries; ++i)
    EXPECT_EQ(status(bearer("wrong" + std::to_string(i)), Scope::launch), 401);
  EXPECT_EQ(status(bearer("wrong"), Scope::launch), 429);
  EXPECT_EQ(status({}, Scope::launch), 401) << "who brings none is told how to get one";
  EXPECT_EQ(status(bearer(kOwner), Scope::launch), 200);
  clock_.advance(kWrongTriesUs);
  EXPECT_EQ(status(bearer("wrong"), Scope::launch), 401);
  EXPECT_EQ(counters_.get(Counter::http_unauthorized), static_cast<std::uint64_t>(kWrongTries) + 3);
}

}  // namespace
}  // namespace telltale::web
