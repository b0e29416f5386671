#include "main/route_table.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <set>

#include "runtime/sim_runtime.h"
#include "web/request_gate.h"

namespace telltale::main {
namespace {

class Echo final : public ports::HttpHandler, public ports::WholeBodyHandler {
 public:
  void handle(ports::HttpRequest request, ports::Respond respond) override {
    handle(std::move(request), "", std::move(respond));
  }
  void handle(ports::HttpRequest request, std::string body, ports::Respond respond) override {
    ports::HttpResponse response;
    response.body = request.method + " " + request.path + body;
    respond(std::move(response));
  }
};

class RouteTableTest : public testing::Test {
 protected:
  static ports::HttpResponse get(const RouteTable& table, const std::string& path,
                                 const std::string& method = "GET") {
    ports::HttpRequest request;
    request.method = method;
    request.path = path;
    request.headers = {{"host", "localhost:80"}};
    const web::Routes::Found found = table.routes().find(method, path);
    const web::GuardOptions guard{{"localhost:80"}};
    runtime::SimRuntime clock{1};
    const web::BrowserSessions sessions{clock, "", [](const std::string&) {}};
    const web::SignedPaths signed_paths{clock};
    Counters counters;
    web::Authenticator anybody(web::Scopes::all(), {}, sessions, signed_paths, clock, counters);
    if (auto refusal = web::refuse(request, found, false, guard, anybody))
      return std::move(*refusal);
    ports::HttpResponse answer;
    found.route->handler->handle(std::move(request),
                                 [&](ports::HttpResponse told) { answer = std::move(told); });
    return answer;
  }

  runtime::SimRuntime loop_{1};
  web::BodyBudget bodies_;
  std::string troubles_;
  std::string unread_;
  Echo echo_;
  RouteTable collects_{loop_,
                       bodies_,
                       {[this] { return troubles_; }, [this] { return unread_; }},
                       [] { return "telltale_checkpoints_total 1\n"; },
                       {.ingest = &echo_, .rejected = &echo_}};
  RouteTable folds_{loop_,
                    bodies_,
                    {[this] { return troubles_; }, [this] { return unread_; }},
                    [] { return "telltale_checkpoints_total 2\n"; },
                    {}};
};

TEST_F(RouteTableTest, EveryProcessTellsItsHealth) {
  EXPECT_EQ(get(folds_, "/healthz").status, 200);
  EXPECT_EQ(get(folds_, "/readyz").status, 200);
  EXPECT_EQ(get(folds_, "/metrics").body, "telltale_checkpoints_total 2\n");
  troubles_ = "log: away\n";
  EXPECT_EQ(get(folds_, "/healthz").status, 200);
  EXPECT_EQ(get(folds_, "/readyz").status, 503);
  EXPECT_EQ(get(folds_, "/readyz").body, "log: away\n");
  unread_ = "file:x: away\n";
  EXPECT_EQ(get(folds_, "/readyz").body, "log: away\nfile:x: away\n");
  troubles_.clear();
  // A page that says why a source is silent must be there to say it.
  EXPECT_EQ(get(folds_, "/readyz").status, 200);
  EXPECT_EQ(get(folds_, "/readyz").body, "ready\nfile:x: away\n");
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/api/v1/openapi.json"}) {
    EXPECT_EQ(get(folds_, path, "HEAD").status, 200) << path;
    EXPECT_EQ(get(folds_, path, "DELETE").status, 405) << path;
  }
}

TEST_F(RouteTableTest, EventsGoToWhoCollects) {
  EXPECT_EQ(get(collects_, "/api/v1/events", "POST").body, "POST /api/v1/events");
  EXPECT_EQ(get(collects_, "/api/v1/events").status, 405);
  EXPECT_EQ(get(collects_, "/api/v1/rejected").body, "GET /api/v1/rejected");
  EXPECT_EQ(get(collects_, "/api/v1/rejected", "HEAD").status, 200);
  EXPECT_EQ(get(collects_, "/api/v1/rejected", "POST").status, 405);
  EXPECT_EQ(get(folds_, "/api/v1/events", "POST").status, 404);
}

TEST_F(RouteTableTest, WithoutTheRoleServeThereAreNoPages) {
  EXPECT_EQ(get(collects_, "/").status, 404);
  EXPECT_NE(get(collects_, "/api/v1/runs").body.find("role serve"), std::string::npos);
  EXPECT_NE(get(collects_, "/api/v1/live").body.find("role serve"), std::string::npos);
}

TEST_F(RouteTableTest, WhatStartsCodeOrSendsEventsAsksForMoreThanReading) {
  const auto scope = [&](const char* method, const char* path) {
    return folds_.routes().find(method, path).route->scope;
  };
  EXPECT_EQ(scope("GET", "/healthz"), std::nullopt);
  EXPECT_EQ(scope("GET", "/readyz"), std::nullopt);
  EXPECT_EQ(scope("GET", "/metrics"), web::Scope::read);
  EXPECT_EQ(scope("GET", "/api/v1/runs/x"), web::Scope::read);
  EXPECT_EQ(scope("POST", "/api/v1/events"), web::Scope::ingest);
  EXPECT_EQ(scope("POST", "/api/v1/runs"), web::Scope::launch);
  EXPECT_EQ(scope("POST", "/api/v1/runs/x/cancel"), web::Scope::launch);
  EXPECT_EQ(scope("POST", "/api/v1/link"), web::Scope::admin);
  EXPECT_EQ(scope("POST", "/api/v1/session"), std::nullopt);
  EXPECT_EQ(scope("POST", "/api/v1/signed"), web::Scope::read);
  EXPECT_EQ(scope("GET", "/api/v1/visualizations/x/parts/0"), web::Scope::read);
  EXPECT_EQ(scope("POST", "/api/v1/visualizations"), web::Scope::launch);
  EXPECT_EQ(scope("DELETE", "/api/v1/visualizations/x"), web::Scope::launch);
  EXPECT_EQ(scope("PUT", "/api/v1/render/types"), web::Scope::render);
  EXPECT_EQ(scope("POST", "/api/v1/render/leases"), web::Scope::render);
  EXPECT_EQ(scope("PUT", "/api/v1/render/leases/x/parts/0"), web::Scope::render);
  EXPECT_EQ(scope("GET", "/runs/x"), std::nullopt);
}

TEST_F(RouteTableTest, WhatStartsCodeTakesJsonAlone) {
  for (const char* path :
       {"/api/v1/runs", "/api/v1/runs/x/cancel", "/api/v1/link", "/api/v1/visualizations"})
    EXPECT_TRUE(folds_.routes().find("POST", path).route->json_only) << path;
}

// The document is what programs go by: it names each line of the table, and nothing else.
TEST_F(RouteTableTest, TheDocumentAndTheTableNameTheSame) {
  const ports::HttpResponse answer = get(folds_, "/api/v1/openapi.json");
  simdjson::dom::parser parser;
  simdjson::dom::object paths;
  ASSERT_EQ(parser.parse(answer.body)["paths"].get_object().get(paths), simdjson::SUCCESS);
  std::set<std::pair<std::string, std::string>> documented;
  for (const auto path : paths) {
    for (const auto operation : simdjson::dom::object(path.value)) {
      if (operation.key == "parameters") continue;
      documented.emplace(path.key, operation.key);
      simdjson::dom::object responses;
      ASSERT_EQ(operation.value["responses"].get_object().get(responses), simdjson::SUCCESS);
      for (const auto response : responses) {
        // A connection that became a WebSocket has no body, nor has an answer without content.
        EXPECT_EQ(response.value["content"].error() == simdjson::SUCCESS,
                  response.key != "101" && response.key != "204")
            << path.key << " " << response.key;
      }
    }
  }
  std::set<std::pair<std::string, std::string>> routed;
  for (const web::Route& route : folds_.routes().all()) {
    if (!route.pattern.starts_with("/api/") && route.operation.summary.empty()) continue;
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    routed.emplace(route.pattern, method);
  }
  EXPECT_EQ(documented, routed);
  EXPECT_GT(routed.size(), 30U);  // neither is empty
}

}  // namespace
}  // namespace telltale::main
