#include "web/request_guard.h"

#include <gtest/gtest.h>

namespace telltale::web {
namespace {

GuardOptions loopback() { return {hosts_of("127.0.0.1", 8080)}; }

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

TEST(RequestGuard, AnotherSitesRequestIsRefusedWhateverTokenItBrings) {
  const std::pair<std::string, std::string> host{"host", "localhost:8080"};
  const std::pair<std::string, std::string> token{"authorization", "Bearer 0123456789abcdef"};
  EXPECT_EQ(status_of({host, token, {"origin", "http://evil.example"}}, loopback()), 403);
  EXPECT_EQ(status_of({host, token, {"sec-fetch-site", "cross-site"}}, loopback()), 403);
  EXPECT_EQ(status_of({{"host", "evil.example:8080"}, token}, loopback()), 403);
}

}  // namespace
}  // namespace telltale::web
