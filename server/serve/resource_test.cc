#include "serve/resource.h"

#include <gtest/gtest.h>

namespace telltale::serve {
namespace {

const std::string kId = make_task_id("x").text();

TEST(Resource, NamesEveryPathOfTheInterface) {
  using Kind = Resource::Kind;
  const std::string run = "/api/v1/runs/" + kId;
  const std::vector<std::pair<std::string, Kind>> paths = {
      {"/api/v1/runs", Kind::runs},
      {run, Kind::run},
      {run + "/graph", Kind::graph},
      {run + "/events", Kind::events},
      {run + "/tasks/" + kId, Kind::task},
      {run + "/tasks/" + kId + "/log", Kind::log},
      {run + "/metrics/" + kId, Kind::series},
      {run + "/artifacts/" + kId, Kind::artifact}};
  for (const auto& [path, kind] : paths) {
    const Result<Resource> resource = parse_resource(path, "");
    ASSERT_TRUE(resource.ok()) << path;
    EXPECT_EQ(resource.value().kind, kind) << path;
  }
}

TEST(Resource, RefusesWhatNamesNothing) {
  const std::string run = "/api/v1/runs/" + kId;
  for (const std::string& path :
       {std::string("/api/v1/run"), std::string("/api/v1/runs/"), std::string("/api/v1/runs/x"),
        std::string("/api/v1/runs/../../../etc/passwd"), run + "/", run + "/tasks",
        run + "/tasks/y", run + "/tasks/" + kId + "/logs", run + "/metrics/" + kId + "/log",
        run + "/graph/x"}) {
    EXPECT_FALSE(parse_resource(path, "").ok()) << path;
  }
}

TEST(Resource, DecodesTheQuery) {
  const Result<Resource> resource =
      parse_resource("/api/v1/runs", "text=a%2Fb+c&limit=5&state=%zz&x");
  ASSERT_TRUE(resource.ok());
  EXPECT_EQ(resource.value().text("text"), "a/b c");
  EXPECT_EQ(resource.value().text("state"), "%zz");
  EXPECT_EQ(resource.value().number("limit", 10).value(), 5U);
  EXPECT_FALSE(resource.value().number("limit", 4).ok());
  EXPECT_FALSE(resource.value().number("text", 4).ok());
  EXPECT_EQ(resource.value().number("none", 4).value(), std::nullopt);
}

}  // namespace
}  // namespace telltale::serve
