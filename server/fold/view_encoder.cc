#include "fold/view_encoder.h"

#include <algorithm>
#include <utility>

#include "fold/listed_run.h"
#include "fold/run_view.h"
#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

schema::PodView encode_pod(const schema::SourcePod& pod) {
  schema::PodView out;
  out.set_name(pod.name());
  out.set_uid(pod.uid());
  out.set_phase(pod.phase());
  out.set_reason(reason_of(pod));
  out.set_host(pod.host());
  out.set_deleted(pod.deleted());
  for (const schema::SourceContainer& container : pod.containers()) {
    if (!container.machinery()) out.set_restarts(std::max(out.restarts(), container.restarts()));
  }
  return out;
}

schema::NodeView encode_node(const RunView& view, Slot slot) {
  const schema::SourceNode& node = view.nodes().at(slot);
  schema::NodeView out;
  out.set_source_id(node.source_id());
  out.set_source_phase(node.source_phase());
  if (const auto place = view.kfp_tasks().place_of(slot)) {
    out.set_role(name_of(place->role));
    if (!place->task_path.empty()) out.set_task_id(make_task_id(place->task_path).text());
  }
  out.set_name(node.name());
  out.set_display_name(node.display_name());
  out.set_type(node.type());
  out.set_template_(node.template_());
  out.set_message(node.message());
  out.set_started_at_us(node.started_at_us());
  out.set_finished_at_us(node.finished_at_us());
  out.set_progress(node.progress());
  out.set_host(node.host());
  for (const Slot pod : view.kfp_tasks().pods_of(node.source_id()))
    *out.add_pods() = encode_pod(view.pods().at(pod));
  out.set_position(to_number(view.nodes().entity(slot).changed_at));
  return out;
}

void add_nodes(const RunView& view, std::optional<LogOffset> since, schema::RunView& out) {
  const auto add = [&](Slot slot) {
    if (!view.nodes().at(slot).removed()) {
      *out.add_nodes() = encode_node(view, slot);
    } else if (since) {
      out.add_removed_nodes(view.nodes().at(slot).source_id());
    }
  };
  if (since) {
    for (const Slot slot : view.nodes().changed_since(*since)) add(slot);
  } else {
    for (Slot slot = 0; slot < view.nodes().size(); ++slot) add(slot);
  }
}

schema::State to_proto(State state) { return static_cast<schema::State>(state); }

void fill_progress(const ProgressState& progress, schema::Progress* out) {
  out->set_done(progress.done);
  out->set_total(progress.total);
  out->set_unit(progress.unit);
  out->set_note(progress.note);
}

template <typename Map>
void fill_map(const std::map<std::string, std::string>& values, Map* out) {
  for (const auto& [name, value] : values) (*out)[name] = value;
}

void fill_header(const RunHeader& header, schema::RunSummary* out) {
  out->set_name(header.name);
  out->set_pipeline(header.pipeline);
  out->set_source(header.source);
  out->set_state(to_proto(header.state));
  out->set_message(header.message);
  out->set_created_at_us(header.created_at_us);
  out->set_started_at_us(header.started_at_us);
  out->set_finished_at_us(header.finished_at_us);
  out->set_last_event_at_us(header.last_event_at_us);
  out->set_cancel_requested_at_us(header.cancel_requested_at_us);
  if (header.cluster_object) {
    const ClusterObject& object = *header.cluster_object;
    schema::ClusterObject& told = *out->mutable_cluster_object();
    told.set_cluster(object.cluster);
    told.set_namespace_(object.namespace_name);
    told.set_name(object.name);
    told.set_uid(object.uid);
    told.set_kfp_run_id(object.kfp_run_id);
    told.set_phase(object.phase);
    told.set_deleted(object.deleted);
    told.set_notice(object.notice);
  }
  const Lost& lost = header.lost;
  if (lost.points != 0 || lost.log_bytes != 0 || lost.events != 0 || !lost.reason.empty()) {
    out->mutable_lost()->set_points(lost.points);
    out->mutable_lost()->set_log_bytes(lost.log_bytes);
    out->mutable_lost()->set_events(lost.events);
    out->mutable_lost()->set_reason(lost.reason);
  }
  if (header.launch) {
    out->mutable_launch()->set_pipeline_file(header.launch->pipeline_file);
    out->mutable_launch()->set_working_directory(header.launch->working_directory);
  }
}

}  // namespace

schema::RunSummary encode_summary(const RunView& view) {
  schema::RunSummary out;
  out.set_run_key(view.key().text());
  fill_header(view.header(), &out);
  const Summary summary = view.summary();
  for (std::size_t i = 0; i < kStates; ++i) {
    if (summary.counts[i] == 0) continue;
    schema::StateCount* count = out.add_counts();
    count->set_state(to_proto(static_cast<State>(i)));
    count->set_count(summary.counts[i]);
  }
  out.set_progress(summary.progress);
  if (summary.first_failed != nullptr) {
    out.set_first_failed_task(summary.first_failed->id.text());
    out.set_first_failed_task_name(summary.first_failed->name);
  }
  out.set_failure(summary.failure);
  if (summary.main_metric != nullptr) {
    out.set_main_metric(summary.main_metric->name);
    out.set_main_metric_value(summary.main_metric->points.last_value());
  }
  out.set_position(to_number(view.changed_at()));
  return out;
}

schema::RunSummary encode_listed(const RunView& view) {
  schema::RunSummary out = encode_summary(view);
  shorten(out);
  return out;
}

schema::TaskView encode_task(const Task& task) {
  schema::TaskView out;
  out.set_id(task.id.text());
  out.set_path(task.path);
  out.set_name(task.name);
  out.set_parent_id(task.parent_id.text());
  out.set_kind(static_cast<schema::GraphTask::Kind>(task.kind));
  out.set_item(task.item);
  out.set_index(task.index);
  for (const TaskId& id : task.depends_on_ids) out.add_depends_on(id.text());
  out.set_state(to_proto(task.state));
  out.set_message(task.message);
  out.set_attempt(task.attempt);
  out.set_attempts_max(task.attempts_max);
  out.set_started_at_us(task.started_at_us);
  out.set_finished_at_us(task.finished_at_us);
  if (task.progress) fill_progress(*task.progress, out.mutable_progress());
  if (const LogBuffer* log = task.log(task.newest_attempt())) out.set_log_bytes(log->size());
  fill_map(task.inputs, out.mutable_inputs());
  fill_map(task.outputs, out.mutable_outputs());
  out.set_position(to_number(task.changed_at));
  return out;
}

schema::SeriesView encode_series_view(const Series& series) {
  schema::SeriesView out;
  out.set_id(series.id.text());
  out.set_task_id(series.task_id.text());
  out.set_name(series.name);
  out.set_points(series.points.size());
  if (series.points.size() > 0) {
    out.set_last_step(series.points.last_step());
    out.set_last_value(series.points.last_value());
    out.set_last_time_us(series.points.last_time_us());
  }
  out.set_min(series.points.min());
  out.set_max(series.points.max());
  out.set_position(to_number(series.changed_at));
  return out;
}

schema::ArtifactView encode_artifact(const Artifact& artifact) {
  schema::ArtifactView out;
  out.set_id(artifact.id.text());
  out.set_task_id(artifact.task_id.text());
  out.set_name(artifact.name);
  out.set_type(artifact.type);
  out.set_uri(artifact.uri);
  out.set_metadata(artifact.metadata);
  out.set_input(artifact.input);
  out.set_created_at_us(artifact.created_at_us);
  out.set_position(to_number(artifact.changed_at));
  return out;
}

schema::RunView encode_run(const RunView& view, std::optional<LogOffset> since, bool with_nodes) {
  schema::RunView out;
  *out.mutable_run() = encode_summary(view);
  if (!since || view.header().parameters_changed_at > *since)
    fill_map(view.header().parameters, out.mutable_parameters());
  for (const Task* task : since ? view.tasks_changed_since(*since) : view.tasks())
    *out.add_tasks() = encode_task(*task);
  if (since) {
    for (const Series* series : view.series_changed_since(*since))
      *out.add_series() = encode_series_view(*series);
    for (const Artifact* artifact : view.artifacts_changed_since(*since))
      *out.add_artifacts() = encode_artifact(*artifact);
    for (const TaskId& id : view.removed_since(*since)) out.add_removed_tasks(id.text());
  } else {
    for (const Series& series : view.series()) *out.add_series() = encode_series_view(series);
    for (const Artifact& artifact : view.artifacts())
      *out.add_artifacts() = encode_artifact(artifact);
  }
  if (with_nodes) add_nodes(view, since, out);
  return out;
}

schema::SeriesPoints encode_points(const Series& series, SeriesSlice slice) {
  schema::SeriesPoints out;
  out.mutable_step()->Add(slice.step.begin(), slice.step.end());
  out.mutable_time_us()->Add(slice.time_us.begin(), slice.time_us.end());
  out.mutable_value()->Add(slice.value.begin(), slice.value.end());
  out.set_total(slice.total);
  out.set_decimated(slice.decimated);
  *out.mutable_series() = encode_series_view(series);
  return out;
}

schema::LogChunk encode_log(const Task& task, std::int32_t attempt, std::uint64_t offset,
                            std::size_t bytes_max) {
  schema::LogChunk out;
  if (attempt <= 0) attempt = task.newest_attempt();
  out.set_attempt(attempt);
  const LogBuffer* log = task.log(attempt);
  if (log == nullptr) return out;
  LogBuffer::Slice slice = log->read(offset, bytes_max);
  out.set_offset(slice.offset);
  out.set_data(std::move(slice.data));
  out.set_size(log->size());
  out.set_lost(log->lost_bytes());
  return out;
}

schema::GraphLayout encode_layout(const RunView& view) {
  schema::GraphLayout out;
  out.set_width(view.layout().width());
  out.set_height(view.layout().height());
  for (const drawing::LayoutBox& box : view.layout().boxes()) {
    schema::GraphLayout::Box* added = out.add_boxes();
    added->set_task_id(view.task_at(box.slot).id.text());
    added->set_x(box.x);
    added->set_y(box.y);
    added->set_width(box.width);
    added->set_height(box.height);
    added->set_folded(box.folded);
  }
  for (const drawing::LayoutEdge& edge : view.layout().edges()) {
    schema::GraphLayout::Edge* added = out.add_edges();
    added->set_from(view.task_at(edge.from).id.text());
    added->set_to(view.task_at(edge.to).id.text());
    added->mutable_points()->Add(edge.points.begin(), edge.points.end());
  }
  return out;
}

}  // namespace telltale::fold
