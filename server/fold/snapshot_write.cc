// SnapshotCoder's way out: members -> schema::RunSnapshot.
#include "fold/snapshot_coder.h"
#include "schema/snapshot.pb.h"

namespace telltale::fold {
namespace {

template <typename Values>
void write_values(const std::map<std::string, std::string>& values, Values* out) {
  for (const auto& [name, value] : values) {
    schema::SnapshotValue* added = out->Add();
    added->set_name(name);
    added->set_value(value);
  }
}

void write_progress(const ProgressState& progress, schema::SnapshotProgress* out) {
  out->set_done(progress.done);
  out->set_total(progress.total);
  out->set_unit(progress.unit);
  out->set_note(progress.note);
}

void write_header(const RunHeader& header, schema::SnapshotHeader* out) {
  out->set_name(header.name);
  out->set_pipeline(header.pipeline);
  out->set_source(header.source);
  out->set_state(static_cast<std::uint32_t>(header.state));
  out->set_message(header.message);
  out->set_version(header.version);
  out->set_created_at_us(header.created_at_us);
  out->set_started_at_us(header.started_at_us);
  out->set_finished_at_us(header.finished_at_us);
  out->set_last_event_at_us(header.last_event_at_us);
  out->set_cancel_requested_at_us(header.cancel_requested_at_us);
  write_values(header.parameters, out->mutable_parameters());
  if (header.launch) {
    out->mutable_launch()->set_pipeline_file(header.launch->pipeline_file);
    out->mutable_launch()->set_working_directory(header.launch->working_directory);
  }
  if (header.progress) write_progress(*header.progress, out->mutable_progress());
  out->set_lost_points(header.lost.points);
  out->set_lost_log_bytes(header.lost.log_bytes);
  out->set_lost_events(header.lost.events);
  out->set_lost_reason(header.lost.reason);
  out->set_parameters_changed_at(to_number(header.parameters_changed_at));
}

template <typename Table, typename Add>
void write_facts(const Table& table, Add add) {
  for (Slot slot = 0; slot < table.size(); ++slot)
    add(table.at(slot), to_number(table.entity(slot).changed_at));
}

void write_task(const Task& task, schema::SnapshotTask* out) {
  out->set_path(task.path);
  out->set_name(task.name);
  out->set_parent(task.parent);
  out->set_kind(static_cast<std::uint32_t>(task.kind));
  out->set_item(task.item);
  out->set_index(task.index);
  for (const std::string& path : task.depends_on) out->add_depends_on(path);
  out->set_state(static_cast<std::uint32_t>(task.state));
  out->set_message(task.message);
  out->set_version(task.version);
  out->set_attempt(task.attempt);
  out->set_attempts_max(task.attempts_max);
  out->set_started_at_us(task.started_at_us);
  out->set_finished_at_us(task.finished_at_us);
  write_values(task.inputs, out->mutable_inputs());
  write_values(task.outputs, out->mutable_outputs());
  if (task.progress) write_progress(*task.progress, out->mutable_progress());
  for (const auto& [attempt, log] : task.logs) {
    schema::SnapshotLog* added = out->add_logs();
    added->set_attempt(attempt);
    for (const LogBuffer::Chunk& chunk : log.chunks()) {
      added->add_offsets(chunk.offset);
      added->add_chunks(chunk.bytes);
    }
  }
  out->set_removed(task.removed);
  out->set_changed_at(to_number(task.changed_at));
}

// Differences of neighbours take a byte or two each where the numbers themselves take ten.
void write_changes(const std::vector<std::int64_t>& column,
                   google::protobuf::RepeatedField<std::int64_t>* out) {
  out->Reserve(static_cast<int>(column.size()));
  std::uint64_t before = 0;
  for (const std::int64_t number : column) {
    const std::uint64_t now = static_cast<std::uint64_t>(number);
    out->Add(static_cast<std::int64_t>(now - before));
    before = now;
  }
}

void write_series(const Series& series, schema::SnapshotSeries* out) {
  out->set_task_path(series.task_path);
  out->set_name(series.name);
  write_changes(series.points.step(), out->mutable_step_change());
  write_changes(series.points.time_us(), out->mutable_time_change_us());
  out->mutable_value()->Add(series.points.value().begin(), series.points.value().end());
  out->set_changed_at(to_number(series.changed_at));
}

void write_artifact(const Artifact& artifact, schema::SnapshotArtifact* out) {
  out->set_task_path(artifact.task_path);
  out->set_name(artifact.name);
  out->set_type(artifact.type);
  out->set_uri(artifact.uri);
  out->set_metadata(artifact.metadata);
  out->set_input(artifact.input);
  out->set_created_at_us(artifact.created_at_us);
  out->set_changed_at(to_number(artifact.changed_at));
}

// What is drawn by rows follows from the tasks.
void write_layout(const drawing::GraphLayout& layout, schema::RunSnapshot* out) {
  out->set_layout_credit(layout.credit());
  out->set_layout_by_rows(layout.by_rows());
  if (layout.by_rows()) return;
  for (const drawing::LayoutBox& box : layout.boxes()) {
    schema::SnapshotBox* added = out->add_boxes();
    added->set_task(box.slot);
    added->set_x(box.x);
    added->set_y(box.y);
    added->set_width(box.width);
    added->set_height(box.height);
    added->set_folded(box.folded);
    added->set_awaits(box.awaits);
  }
  for (const drawing::LayoutLane& lane : layout.lanes()) {
    schema::SnapshotLane* added = out->add_lanes();
    added->set_from(lane.from);
    added->set_to(lane.to);
    added->set_outer(lane.outer);
    added->set_shared(static_cast<std::uint32_t>(lane.shared));
    for (const drawing::LayoutLane::Step& step : lane.steps) {
      added->add_y(step.y);
      added->add_x(step.x);
    }
  }
}

void write_repeats(const RepeatGuard& repeats, schema::RunSnapshot* out) {
  for (const RepeatGuard::Mark* mark : repeats.marks()) {
    const auto add = [&](std::uint64_t bound) {
      out->add_epochs(mark->epoch);
      out->add_marks(bound);
    };
    for (const RepeatGuard::Gap& gap : mark->gaps) {
      add(gap.begin - 1);
      add(gap.end - 1);
    }
    add(mark->highest);
  }
  for (const std::uint64_t id : repeats.ids()) out->add_ids(id);
}

}  // namespace

void SnapshotCoder::write(const RunView& view, schema::RunSnapshot* out) {
  out->set_run_key(view.key_.text());
  out->set_next(view.next_);
  out->set_changed_at(to_number(view.changed_at_));
  write_header(view.header_, out->mutable_header());
  write_repeats(view.repeats_, out);
  out->set_graph_version(view.graph_version_);
  out->set_graph_known(view.graph_known_);
  out->set_graph_open(view.graph_open_);
  for (const Task& task : view.tasks_) write_task(task, out->add_tasks());
  for (const Series& series : view.series_) write_series(series, out->add_series());
  for (const Artifact& artifact : view.artifacts_) write_artifact(artifact, out->add_artifacts());
  for (const auto& [removed_at, slot] : view.tombstones_) {
    schema::SnapshotTombstone* added = out->add_tombstones();
    added->set_task(slot);
    added->set_removed_at(to_number(removed_at));
  }
  write_layout(view.layout_, out);
  out->set_layout_changed_at(to_number(view.layout_changed_at_));
  write_source(view, out);
}

// What tasks follow from it is among the tasks; which place each node has is found again.
void SnapshotCoder::write_source(const RunView& view, schema::RunSnapshot* out) {
  if (view.workflow_ != nullptr) *out->mutable_workflow() = *view.workflow_;
  if (view.templates_ != nullptr) *out->mutable_templates() = *view.templates_;
  write_facts(view.nodes_, [&](const schema::SourceNode& node, std::uint64_t changed_at) {
    schema::SnapshotNode* added = out->add_nodes();
    *added->mutable_node() = node;
    added->set_changed_at(changed_at);
  });
  write_facts(view.pods_, [&](const schema::SourcePod& pod, std::uint64_t changed_at) {
    schema::SnapshotPod* added = out->add_pods();
    *added->mutable_pod() = pod;
    added->set_changed_at(changed_at);
  });
}

}  // namespace telltale::fold
