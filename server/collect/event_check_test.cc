#include "collect/event_check.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "schema/event.pb.h"

namespace telltale::collect {
namespace {

schema::Event graph(std::size_t tasks, std::size_t edges_each) {
  schema::Event event;
  event.set_run_key(std::string(26, 'a'));
  for (std::size_t i = 0; i < tasks; ++i) {
    schema::GraphTask& task = *event.mutable_graph()->add_tasks();
    task.set_path(std::to_string(i));
    for (std::size_t n = 0; n < edges_each; ++n) task.add_depends_on("a");
  }
  return event;
}

TEST(EventCheck, AGraphHasAsManyTasksAndEdgesAsARunMayHave) {
  EXPECT_TRUE(check_event(graph(limits::kRunTasks, 3)).ok());
  for (const schema::Event& event : {graph(limits::kRunTasks + 1, 0), graph(601, 100)}) {
    const Status status = check_event(event);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(status.error().message.find("at most 20000 and 60000"), std::string::npos)
        << status.error().message;
  }
}

}  // namespace
}  // namespace telltale::collect
