#include "web/route.h"

#include <gtest/gtest.h>

namespace telltale::web {
namespace {

TEST(Route, APatternNamesPathsOfAsManyParts) {
  EXPECT_TRUE(matches("/api/v1/runs", "/api/v1/runs"));
  EXPECT_TRUE(matches("/api/v1/runs/{key}", "/api/v1/runs/x"));
  EXPECT_TRUE(matches("/api/v1/runs/{key}/cancel", "/api/v1/runs/x/cancel"));
  for (const char* path : {"/api/v1/runs", "/api/v1/runs/", "/api/v1/runs/x/", "/api/v1/runs/x/y",
                           "/api/v1/run/x", "//api/v1/runs/x", "api/v1/runs/x", "", "*"})
    EXPECT_FALSE(matches("/api/v1/runs/{key}", path)) << path;
  EXPECT_FALSE(matches("/api/v1/runs/{key}/cancel", "/api/v1/runs//cancel"));
  EXPECT_TRUE(matches("/*", "/"));
  EXPECT_TRUE(matches("/*", "/runs/x/tasks"));
  EXPECT_FALSE(matches("/*", "/api/v1/runs"));
  EXPECT_FALSE(matches("/*", "*"));
}

class RoutesTest : public testing::Test {
 protected:
  const Routes routes_{{{.method = "GET", .pattern = "/healthz"},
                        {.method = "GET", .pattern = "/api/v1/runs"},
                        {.method = "POST", .pattern = "/api/v1/runs"},
                        {.method = "POST", .pattern = "/api/v1/runs/{key}/cancel"},
                        {.method = "GET", .pattern = "/api/v1/runs/kinds"},
                        {.method = "DELETE", .pattern = "/api/v1/runs/{key}"},
                        {.method = "GET", .pattern = "/*"}}};
};

TEST_F(RoutesTest, AMethodOfAPathHasOneRoute) {
  EXPECT_EQ(routes_.find("POST", "/api/v1/runs").route, &routes_.all()[2]);
  EXPECT_EQ(routes_.find("GET", "/api/v1/runs").route, &routes_.all()[1]);
  EXPECT_EQ(routes_.find("HEAD", "/api/v1/runs").route, &routes_.all()[1]);
  EXPECT_EQ(routes_.find("GET", "/runs/x").route, &routes_.all()[6]);
}

TEST_F(RoutesTest, AnotherMethodIsToldWhichThereAre) {
  EXPECT_EQ(routes_.find("DELETE", "/api/v1/runs").route, nullptr);
  EXPECT_EQ(routes_.find("DELETE", "/api/v1/runs").allow, "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(routes_.find("GET", "/api/v1/runs/x/cancel").allow, "POST, OPTIONS");
  EXPECT_EQ(routes_.find("get", "/healthz").allow, "GET, HEAD, OPTIONS");
  EXPECT_EQ(routes_.find("POST", "/anything").allow, "GET, HEAD, OPTIONS");
}

TEST_F(RoutesTest, ANameIsNoIdOfAnotherLine) {
  EXPECT_EQ(routes_.find("GET", "/api/v1/runs/kinds").route, &routes_.all()[4]);
  EXPECT_EQ(routes_.find("DELETE", "/api/v1/runs/kinds").allow, "GET, HEAD, OPTIONS");
  EXPECT_EQ(routes_.find("DELETE", "/api/v1/runs/x").route, &routes_.all()[5]);
}

TEST_F(RoutesTest, NothingIsAtPathsOfTheInterfaceThatNoLineNames) {
  for (const char* path : {"/api/", "/api/v2", "/api/v1/runs/", "/api/v1/runs/x/y"})
    EXPECT_EQ(routes_.find("GET", path).allow, "") << path;
}

}  // namespace
}  // namespace telltale::web
