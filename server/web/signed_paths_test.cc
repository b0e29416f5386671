#include "web/signed_paths.h"

#include <gtest/gtest.h>

#include "runtime/sim_runtime.h"
#include "web/access_limits.h"

namespace telltale::web {
namespace {

ports::HttpRequest get(const std::string& target, const std::string& method = "GET") {
  ports::HttpRequest request;
  request.method = method;
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) request.query = target.substr(mark + 1);
  return request;
}

TEST(SignedPaths, OpenWhatWasSignedForMinutes) {
  runtime::SimRuntime clock(1);
  const SignedPaths paths(clock);
  for (const char* path : {"/api/v1/runs/a/tasks/b/log?download=1&attempt=2", "/api/v1/runs"}) {
    const std::string address = paths.sign(path);
    EXPECT_EQ(address.rfind(path, 0), 0U);
    EXPECT_TRUE(paths.covers(get(address))) << address;
    EXPECT_TRUE(paths.covers(get(address, "HEAD")));
    EXPECT_FALSE(paths.covers(get(address, "POST")));
    EXPECT_FALSE(paths.covers(get(path)));
  }
  const std::string address = paths.sign("/api/v1/runs");
  clock.advance(kLinkCodeUs - 1);
  clock.set_clock_by(-kSessionUs);
  EXPECT_TRUE(paths.covers(get(address)));
  clock.advance(1);
  EXPECT_FALSE(paths.covers(get(address)));
}

TEST(SignedPaths, OpenNothingElse) {
  runtime::SimRuntime clock(1);
  const SignedPaths paths(clock);
  const std::string address = paths.sign("/api/v1/runs/a/log?download=1");
  for (std::size_t i = 0; i < address.size(); ++i) {
    std::string other = address;
    other[i] = other[i] == '0' ? '1' : '0';
    EXPECT_FALSE(paths.covers(get(other))) << other;
    EXPECT_FALSE(paths.covers(get(address.substr(0, i))));
  }
  EXPECT_FALSE(paths.covers(get(address + "&attempt=1")));
  EXPECT_FALSE(paths.covers(get(address + "&signature=")));
  EXPECT_FALSE(SignedPaths(clock).covers(get(address))) << "of another process";
  EXPECT_FALSE(paths.covers(get("/x?signature=")));
  EXPECT_FALSE(paths.covers(get("/x?until=9&signature=")));
}

}  // namespace
}  // namespace telltale::web
