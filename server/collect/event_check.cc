#include "collect/event_check.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "base/limits.h"
#include "schema/event.pb.h"

namespace telltale::collect {
namespace {

using schema::Event;

Error invalid(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

Status check_points(const schema::MetricPoints& points) {
  if (points.name().empty()) return invalid("metric_points.name is empty: name the metric.");
  const int values = points.value_size();
  if (values == 0) return invalid("metric_points.value is empty: send at least one value.");
  const auto fits = [&](int size) { return size == 0 || size == values; };
  if (!fits(points.step_size()) || !fits(points.time_us_size())) {
    return invalid(
        fmt::format("metric_points has {} values but {} steps and {} times: columns are equally "
                    "long or absent.",
                    values, points.step_size(), points.time_us_size()));
  }
  return Done{};
}

Status check_state(schema::State state, const char* field) {
  if (state == schema::STATE_UNSPECIFIED || !schema::State_IsValid(state))
    return invalid(fmt::format("{} is no state: use one of schema/event.proto's State.", field));
  return Done{};
}

Status need_path(const std::string& path, const char* field) {
  if (path.empty()) return invalid(fmt::format("{} is empty: name the task.", field));
  return Done{};
}

Status check_graph(const schema::Graph& graph) {
  std::size_t edges = 0;
  for (const schema::GraphTask& task : graph.tasks())
    edges += static_cast<std::size_t>(task.depends_on_size());
  const auto tasks = static_cast<std::size_t>(graph.tasks_size());
  if (tasks > limits::kRunTasks || edges > limits::kRunEdges) {
    return invalid(fmt::format(
        "graph has {} tasks and {} dependencies: a run has at most {} and {}. Put tasks into a "
        "loop, or tell fewer.",
        tasks, edges, limits::kRunTasks, limits::kRunEdges));
  }
  for (const schema::GraphTask& task : graph.tasks()) {
    if (Status status = need_path(task.path(), "graph.tasks.path"); !status.ok()) return status;
    if (task.parent() == task.path())
      return invalid("graph.tasks.parent is the task itself: name the group it stands in.");
  }
  return Done{};
}

Status check_source_id(const std::string& id, const char* field) {
  if (id.empty()) return invalid(fmt::format("{} is empty: name what is told of.", field));
  if (id.size() > limits::kSourceIdBytes)
    return invalid(fmt::format("{} has at most {} bytes.", field, limits::kSourceIdBytes));
  return Done{};
}

Status check_kind(const Event& event) {
  switch (event.kind_case()) {
    case Event::kRunState:
      // Absent means "as before", so that a name or parameters can follow later.
      if (event.run_state().state() == schema::STATE_UNSPECIFIED) return Done{};
      return check_state(event.run_state().state(), "run_state.state");
    case Event::kGraph: return check_graph(event.graph());
    case Event::kTaskState: {
      Status status = need_path(event.task_state().path(), "task_state.path");
      return status.ok() ? check_state(event.task_state().state(), "task_state.state") : status;
    }
    case Event::kLogBytes: return need_path(event.log_bytes().path(), "log_bytes.path");
    case Event::kMetricPoints: return check_points(event.metric_points());
    case Event::kArtifact:
      if (event.artifact().name().empty())
        return invalid("artifact.name is empty: name the artifact.");
      return Done{};
    case Event::kWorkflow: return check_source_id(event.workflow().uid(), "workflow.uid");
    case Event::kSourceNode:
      return check_source_id(event.source_node().source_id(), "source_node.source_id");
    case Event::kSourcePod: return check_source_id(event.source_pod().uid(), "source_pod.uid");
    case Event::kProgress:
    case Event::kHeartbeat:
    case Event::kLoss:
    case Event::kCancelRequest: return Done{};
    case Event::KIND_NOT_SET: break;
  }
  return invalid(
      "The event says nothing: set one of run_state, graph, task_state, log_bytes, "
      "metric_points, progress, artifact, heartbeat, loss, workflow, source_node, source_pod.");
}

}  // namespace

Status check_event(const Event& event) {
  if (!is_id(event.run_key())) {
    return invalid(event.run_key().empty()
                       ? "run_key is missing: see docs/formats/ids.md for how it is made."
                       : "run_key is not 26 characters of a-z2-7: see docs/formats/ids.md.");
  }
  if (event.id().size() > limits::kEventIdBytes || event.epoch().size() > limits::kEventIdBytes)
    return invalid(fmt::format("id and epoch have at most {} bytes.", limits::kEventIdBytes));
  if (event.epoch().empty() != (event.sequence() == 0))
    return invalid("epoch and sequence go together: send both (sequence from 1) or neither.");
  return check_kind(event);
}

}  // namespace telltale::collect
