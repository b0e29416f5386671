// SnapshotCoder's way in: schema::RunSnapshot -> members, then what follows from them.
#include <algorithm>

#include "fold/snapshot_coder.h"
#include "schema/snapshot.pb.h"

namespace telltale::fold {
namespace {

template <typename Values>
std::map<std::string, std::string> read_values(const Values& values) {
  std::map<std::string, std::string> out;
  for (const schema::SnapshotValue& value : values) out[value.name()] = value.value();
  return out;
}

ProgressState read_progress(const schema::SnapshotProgress& in) {
  return {in.done(), in.total(), in.unit(), in.note()};
}

RunHeader read_header(const schema::SnapshotHeader& in) {
  RunHeader header;
  header.name = in.name();
  header.pipeline = in.pipeline();
  header.source = in.source();
  header.state = to_state(static_cast<int>(in.state()));
  header.message = in.message();
  header.version = in.version();
  header.created_at_us = in.created_at_us();
  header.started_at_us = in.started_at_us();
  header.finished_at_us = in.finished_at_us();
  header.last_event_at_us = in.last_event_at_us();
  header.cancel_requested_at_us = in.cancel_requested_at_us();
  header.parameters = read_values(in.parameters());
  if (in.has_launch())
    header.launch = Launch{in.launch().pipeline_file(), in.launch().working_directory()};
  if (in.has_progress()) header.progress = read_progress(in.progress());
  header.lost = {in.lost_points(), in.lost_log_bytes(), in.lost_events(), in.lost_reason()};
  header.parameters_changed_at = LogOffset{in.parameters_changed_at()};
  return header;
}

LogBuffer read_log(const schema::SnapshotLog& in) {
  LogBuffer log;
  for (int i = 0; i < std::min(in.chunks_size(), in.offsets_size()); ++i)
    log.write(in.offsets(i), in.chunks(i));
  return log;
}

Task read_task(const schema::SnapshotTask& in) {
  Task task;
  task.id = make_task_id(in.path());
  task.path = in.path();
  task.name = in.name();
  task.kind = static_cast<TaskKind>(std::min(in.kind(), 3U));
  task.item = in.item();
  task.index = in.index();
  task.state = to_state(static_cast<int>(in.state()));
  task.message = in.message();
  task.version = in.version();
  task.attempt = in.attempt();
  task.attempts_max = in.attempts_max();
  task.started_at_us = in.started_at_us();
  task.finished_at_us = in.finished_at_us();
  task.inputs = read_values(in.inputs());
  task.outputs = read_values(in.outputs());
  if (in.has_progress()) task.progress = read_progress(in.progress());
  for (const schema::SnapshotLog& log : in.logs()) task.logs.emplace(log.attempt(), read_log(log));
  task.removed = in.removed();
  task.changed_at = LogOffset{in.changed_at()};
  return task;
}

// Slots by the offset that changed them: a ChangeOrder is touched in that order.
template <typename Entity>
void order_again(const std::deque<Entity>& entities, ChangeOrder* order) {
  std::vector<Slot> slots(entities.size());
  for (Slot slot = 0; slot < slots.size(); ++slot) slots[slot] = slot;
  std::stable_sort(slots.begin(), slots.end(),
                   [&](Slot a, Slot b) { return entities[a].changed_at < entities[b].changed_at; });
  for (const Slot slot : slots) order->touch(slot, entities[slot].changed_at);
}

}  // namespace

void SnapshotCoder::read_tasks(const schema::RunSnapshot& in, RunView* view) {
  for (const schema::SnapshotTask& told : in.tasks()) {
    const Slot slot = static_cast<Slot>(view->tasks_.size());
    Task& task = view->tasks_.emplace_back(read_task(told));
    task.slot = slot;
    view->set_relations(task, told.parent(), {told.depends_on().begin(), told.depends_on().end()});
    view->task_by_path_.emplace(task.path, slot);
    view->task_by_id_.emplace(task.id, slot);
    view->put_in(task);
    view->weigh(task);
    for (const auto& [attempt, log] : task.logs) view->bytes_ += log.bytes();
  }
  order_again(view->tasks_, &view->task_order_);
}

bool SnapshotCoder::read_series(const schema::RunSnapshot& in, RunView* view) {
  for (const schema::SnapshotSeries& told : in.series()) {
    const int points = told.value_size();
    if (points == 0 || told.step_change_size() != points || told.time_change_us_size() != points)
      return false;
    if (!told.task_path().empty() && !view->task_by_path_.contains(told.task_path())) return false;
    Series& series = view->need_series(told.task_path(), told.name());
    series.points.reserve(static_cast<std::size_t>(points));
    std::uint64_t step = 0;
    std::uint64_t time_us = 0;
    for (int i = 0; i < points; ++i) {
      step += static_cast<std::uint64_t>(told.step_change(i));
      time_us += static_cast<std::uint64_t>(told.time_change_us(i));
      series.points.add(static_cast<std::int64_t>(step), static_cast<std::int64_t>(time_us),
                        told.value(i));
    }
    view->bytes_ += series.points.bytes();
    series.changed_at = LogOffset{told.changed_at()};
  }
  order_again(view->series_, &view->series_order_);
  return true;
}

void SnapshotCoder::read_artifacts(const schema::RunSnapshot& in, RunView* view) {
  for (const schema::SnapshotArtifact& told : in.artifacts()) {
    Artifact artifact;
    artifact.slot = static_cast<Slot>(view->artifacts_.size());
    artifact.id = make_artifact_id(told.task_path(), told.name(), told.input());
    artifact.task_path = told.task_path();
    if (!told.task_path().empty()) artifact.task_id = make_task_id(told.task_path());
    artifact.name = told.name();
    artifact.type = told.type();
    artifact.uri = told.uri();
    artifact.metadata = told.metadata();
    artifact.input = told.input();
    artifact.created_at_us = told.created_at_us();
    artifact.changed_at = LogOffset{told.changed_at()};
    view->artifact_by_id_.emplace(artifact.id, artifact.slot);
    view->weigh(view->artifacts_.emplace_back(std::move(artifact)));
  }
  order_again(view->artifacts_, &view->artifact_order_);
}

bool SnapshotCoder::read_places(const schema::RunSnapshot& in, RunView* view) {
  for (const schema::SnapshotTombstone& stone : in.tombstones()) {
    if (stone.task() >= view->tasks_.size()) return false;
    view->tombstones_.push_back({view->tasks_[stone.task()].id, LogOffset{stone.removed_at()}});
  }
  std::vector<drawing::LayoutBox> boxes;
  for (const schema::SnapshotBox& box : in.boxes()) {
    if (box.task() >= view->tasks_.size()) return false;
    boxes.push_back(
        {box.task(), box.x(), box.y(), box.width(), box.height(), box.folded(), box.awaits()});
  }
  std::vector<drawing::LayoutLane> lanes;
  for (const schema::SnapshotLane& lane : in.lanes()) {
    if (lane.from() >= view->tasks_.size() || lane.to() >= view->tasks_.size()) return false;
    if (lane.y_size() != lane.x_size()) return false;
    lanes.push_back({lane.from(),
                     lane.to(),
                     {},
                     static_cast<drawing::LayoutLane::Shared>(std::min(lane.shared(), 2U)),
                     lane.outer()});
    for (int i = 0; i < lane.y_size(); ++i) lanes.back().steps.push_back({lane.y(i), lane.x(i)});
  }
  for (const Task& task : view->tasks_) view->layout_tasks_.push_back(view->layout_task(task));
  view->layout_.restore(view->layout_tasks_, boxes, std::move(lanes));
  view->layout_changed_at_ = LogOffset{in.layout_changed_at()};
  view->weigh_layout();
  return true;
}

bool SnapshotCoder::read(const schema::RunSnapshot& in, RunView* view) {
  if (in.epochs_size() != in.marks_size()) return false;
  view->next_ = in.next();
  view->changed_at_ = LogOffset{in.changed_at()};
  view->turned_at_ = view->changed_at_;
  view->header_ = read_header(in.header());
  view->weigh_header();
  std::map<std::uint64_t, std::uint64_t> marks;
  for (int i = 0; i < in.epochs_size(); ++i) marks[in.epochs(i)] = in.marks(i);
  view->repeats_.restore(std::move(marks), {in.ids().begin(), in.ids().end()});
  view->graph_version_ = in.graph_version();
  view->graph_known_ = in.graph_known();
  view->graph_open_ = in.graph_open();
  read_tasks(in, view);
  if (!read_series(in, view)) return false;
  read_artifacts(in, view);
  return read_places(in, view);
}

}  // namespace telltale::fold
