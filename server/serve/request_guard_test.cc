#include "serve/request_guard.h"

#include <gtest/gtest.h>

namespace telltale::serve {
namespace {

GuardOptions loopback() { return {hosts_of("127.0.0.1", 8080), {}}; }

int status_of(const ports::Headers& headers, const GuardOptions& options,
              const std::string& path = "/api/v1/runs", const std::string& method = "GET") {
  ports::HttpRequest request;
  request.method = method;
  request.path = path;
  request.headers = headers;
  const auto denial = check_request(request, options);
  return denial ? denial->status : 200;
}

TEST(RequestGuard, PlainClientsNeedNothing) {
  for (const char* host : {"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LOCALHOST:8080"})
    EXPECT_EQ(status_of({{"host", host}}, loopback()), 200) << host;
}

TEST(RequestGuard, AnotherHostIsRefusedSoThatNoNameCanBeRebound) {
  for (const char* host : {"evil.example:8080", "127.0.0.1", "127.0.0.1:80", ""})
    EXPECT_EQ(status_of({{"host", host}}, loopback()), 403) << host;
  EXPECT_EQ(status_of({}, loopback()), 403);
}

TEST(RequestGuard, AnotherSitesRequestsAreRefused) {
  const auto with = [](const std::string& name, const std::string& value) {
    return status_of({{"host", "localhost:8080"}, {name, value}}, loopback());
  };
  EXPECT_EQ(with("origin", "http://localhost:8080"), 200);
  EXPECT_EQ(with("origin", "http://localhost:8081"), 403);
  EXPECT_EQ(with("origin", "http://evil.example"), 403);
  EXPECT_EQ(with("origin", "null"), 403);
  EXPECT_EQ(with("sec-fetch-site", "same-origin"), 200);
  EXPECT_EQ(with("sec-fetch-site", "none"), 200);
  EXPECT_EQ(with("sec-fetch-site", "same-site"), 403);
  EXPECT_EQ(with("sec-fetch-site", "cross-site"), 403);
}

TEST(RequestGuard, ALinkMayOpenThePageButNotCallTheApi) {
  const ports::Headers link = {{"host", "localhost:8080"},
                               {"sec-fetch-site", "cross-site"},
                               {"sec-fetch-mode", "navigate"},
                               {"sec-fetch-dest", "document"}};
  EXPECT_EQ(status_of(link, loopback(), "/runs/x"), 200);
  EXPECT_EQ(status_of(link, loopback(), "/api/v1/runs"), 403);
  EXPECT_EQ(status_of(link, loopback(), "/runs/x", "POST"), 403);
}

TEST(RequestGuard, WithTokensEveryRequestNeedsOne) {
  GuardOptions options = loopback();
  options.tokens = {"0123456789abcdef"};
  const std::pair<std::string, std::string> host{"host", "localhost:8080"};
  EXPECT_EQ(status_of({host}, options), 401);
  EXPECT_EQ(status_of({host, {"authorization", "Bearer 0123456789abcdef"}}, options), 200);
  EXPECT_EQ(status_of({host, {"authorization", "Bearer 0123456789abcdeX"}}, options), 401);
  EXPECT_EQ(status_of({host, {"authorization", "Bearer "}}, options), 401);
  EXPECT_EQ(status_of({host, {"cookie", "a=b; telltale_token=0123456789abcdef"}}, options), 200);
  EXPECT_EQ(status_of({host, {"cookie", "xtelltale_token=0123456789abcdef"}}, options), 401);
  EXPECT_EQ(
      status_of({host, {"cookie", "xtelltale_token=x; telltale_token=0123456789abcdef"}}, options),
      200);
  EXPECT_EQ(status_of({host}, options, "/healthz"), 200);
}

TEST(RequestGuard, ATokenInTheAddressOfThePageBecomesACookie) {
  GuardOptions options = loopback();
  options.tokens = {"0123456789abcdef"};
  ports::HttpRequest request;
  request.method = "GET";
  request.path = "//evil.example/x";
  request.query = "token=0123456789abcdef";
  EXPECT_FALSE(sign_in(request, options)) << "of another host";
  request.headers = {{"host", "localhost:8080"}};
  const auto answer = sign_in(request, options);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 303);
  EXPECT_EQ(answer->headers[0].second, "/evil.example/x");
  EXPECT_EQ(answer->headers[1].second,
            "telltale_token=0123456789abcdef; Path=/; HttpOnly; SameSite=Strict");
  EXPECT_FALSE(sign_in(request, loopback())) << "no token is needed";
  request.query = "token=0123456789abcdeX";
  EXPECT_FALSE(sign_in(request, options));
  request.query = "token=0123456789abcdef";
  request.path = "/api/v1/runs";
  EXPECT_FALSE(sign_in(request, options)) << "for pages only";
}

}  // namespace
}  // namespace telltale::serve
