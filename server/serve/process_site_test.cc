#include "serve/process_site.h"

#include <gtest/gtest.h>

namespace telltale::serve {
namespace {

class Echo final : public ports::HttpHandler {
 public:
  void handle(ports::HttpRequest request, ports::Respond respond) override {
    ports::HttpResponse response;
    response.body = request.method + " " + request.path;
    respond(std::move(response));
  }
};

class ProcessSiteTest : public testing::Test {
 protected:
  static ports::HttpResponse get(Site& site, const std::string& path,
                                 const std::string& method = "GET") {
    ports::HttpRequest request;
    request.method = method;
    request.path = path;
    ports::HttpResponse answer;
    site.answer(std::move(request), [&](ports::HttpResponse told) { answer = std::move(told); });
    return answer;
  }

  Counters counters_;
  std::string troubles_;
  Echo echo_;
  ProcessSite collects_{counters_, [this] { return troubles_; }, &echo_, nullptr};
  ProcessSite folds_{counters_, [this] { return troubles_; }, nullptr, nullptr};
};

TEST_F(ProcessSiteTest, EveryProcessTellsItsHealth) {
  EXPECT_EQ(get(folds_, "/healthz").status, 200);
  EXPECT_EQ(get(folds_, "/readyz").status, 200);
  EXPECT_NE(get(folds_, "/metrics").body.find("telltale_checkpoints_total"), std::string::npos);
  troubles_ = "log: away\n";
  EXPECT_EQ(get(folds_, "/healthz").status, 200);
  EXPECT_EQ(get(folds_, "/readyz").status, 503);
  EXPECT_EQ(get(folds_, "/readyz").body, "log: away\n");
}

TEST_F(ProcessSiteTest, EventsGoToWhoCollects) {
  EXPECT_EQ(get(collects_, "/api/v1/events", "POST").body, "POST /api/v1/events");
  EXPECT_EQ(get(collects_, "/api/v1/events").status, 405);
  EXPECT_EQ(get(collects_, "/api/v1/rejected").body, "GET /api/v1/rejected");
  EXPECT_EQ(get(collects_, "/api/v1/rejected", "HEAD").status, 200);
  EXPECT_EQ(get(collects_, "/api/v1/rejected", "POST").status, 405);
  EXPECT_EQ(get(folds_, "/api/v1/events", "POST").status, 404);
}

TEST_F(ProcessSiteTest, WithoutTheRoleServeThereAreNoPages) {
  EXPECT_EQ(get(collects_, "/").status, 404);
  EXPECT_NE(get(collects_, "/api/v1/runs").body.find("role serve"), std::string::npos);
}

}  // namespace
}  // namespace telltale::serve
