// SnapshotCoder's way in: schema::RunSnapshot -> members, then what follows from them.
#include <algorithm>
#include <set>

#include "base/limits.h"
#include "fold/snapshot_coder.h"
#include "schema/event.pb.h"
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

// As written: chunks one after the other, none of them told before.
bool read_log(const schema::SnapshotLog& in, Task* task) {
  if (in.attempt() < 1 || in.chunks_size() == 0 || in.chunks_size() != in.offsets_size())
    return false;
  const auto [log, added] = task->logs.try_emplace(in.attempt());
  if (!added) return false;
  for (int i = 0; i < in.chunks_size(); ++i) {
    if (in.offsets(i) < log->second.size() || !log->second.write(in.offsets(i), in.chunks(i)))
      return false;
  }
  return true;
}

bool read_task(const schema::SnapshotTask& in, Task* task) {
  if (in.path().empty() || in.kind() > 3 || in.state() >= kStates) return false;
  task->id = make_task_id(in.path());
  task->path = in.path();
  task->name = in.name();
  task->kind = static_cast<TaskKind>(in.kind());
  task->item = in.item();
  task->index = in.index();
  task->state = to_state(static_cast<int>(in.state()));
  task->message = in.message();
  task->version = in.version();
  task->attempt = in.attempt();
  task->attempts_max = in.attempts_max();
  task->started_at_us = in.started_at_us();
  task->finished_at_us = in.finished_at_us();
  task->inputs = read_values(in.inputs());
  task->outputs = read_values(in.outputs());
  if (in.has_progress()) task->progress = read_progress(in.progress());
  for (const schema::SnapshotLog& log : in.logs()) {
    if (!read_log(log, task)) return false;
  }
  task->removed = in.removed();
  task->changed_at = LogOffset{in.changed_at()};
  return true;
}

bool read_repeats(const schema::RunSnapshot& in, RepeatGuard* repeats) {
  if (in.epochs_size() != in.marks_size()) return false;
  std::vector<RepeatGuard::Mark> marks;
  std::set<std::uint64_t> epochs;
  for (int i = 0; i < in.epochs_size();) {
    RepeatGuard::Mark mark{in.epochs(i), in.marks(i), {}};
    if (!epochs.insert(mark.epoch).second) return false;
    for (++i; i < in.epochs_size() && in.epochs(i) == mark.epoch; i += 2) {
      const bool both = i + 1 < in.epochs_size() && in.epochs(i + 1) == mark.epoch;
      if (!both || in.marks(i) <= mark.highest || in.marks(i + 1) <= in.marks(i)) return false;
      mark.gaps.push_back({mark.highest + 1, in.marks(i) + 1});
      mark.highest = in.marks(i + 1);
    }
    if (mark.gaps.size() > kRepeatGaps) return false;
    marks.push_back(std::move(mark));
  }
  repeats->restore(std::move(marks), {in.ids().begin(), in.ids().end()});
  return true;
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

bool SnapshotCoder::read_tasks(const schema::RunSnapshot& in, RunView* view) {
  if (static_cast<std::size_t>(in.tasks_size()) > limits::kRunTasks) return false;
  for (const schema::SnapshotTask& told : in.tasks()) {
    const Slot slot = static_cast<Slot>(view->tasks_.size());
    Task& task = view->tasks_.emplace_back();
    if (!read_task(told, &task) || to_number(task.changed_at) >= view->next_) return false;
    task.slot = slot;
    view->set_relations(task, told.parent(), {told.depends_on().begin(), told.depends_on().end()});
    if (view->edges_ > limits::kRunEdges) return false;
    if (!view->task_by_path_.emplace(task.path, slot).second) return false;
    view->task_by_id_.emplace(task.id, slot);
    view->put_in(task);
    view->weigh(task);
    for (const auto& [attempt, log] : task.logs) view->bytes_ += log.bytes();
  }
  order_again(view->tasks_, &view->task_order_);
  return true;
}

bool SnapshotCoder::read_series(const schema::RunSnapshot& in, RunView* view) {
  for (const schema::SnapshotSeries& told : in.series()) {
    const int points = told.value_size();
    if (points == 0 || told.step_change_size() != points || told.time_change_us_size() != points)
      return false;
    if (!told.task_path().empty() && !view->task_by_path_.contains(told.task_path())) return false;
    if (told.changed_at() >= view->next_) return false;
    const std::size_t known = view->series_.size();
    Series& series = *view->need_series(told.task_path(), told.name());
    if (view->series_.size() == known) return false;
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

bool SnapshotCoder::read_artifacts(const schema::RunSnapshot& in, RunView* view) {
  for (const schema::SnapshotArtifact& told : in.artifacts()) {
    if (!told.task_path().empty() && !view->task_by_path_.contains(told.task_path())) return false;
    if (told.changed_at() >= view->next_) return false;
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
    if (!view->artifact_by_id_.emplace(artifact.id, artifact.slot).second) return false;
    view->weigh(view->artifacts_.emplace_back(std::move(artifact)));
  }
  order_again(view->artifacts_, &view->artifact_order_);
  return true;
}

bool SnapshotCoder::read_tombstones(const schema::RunSnapshot& in, RunView* view) {
  for (const schema::SnapshotTombstone& stone : in.tombstones()) {
    if (stone.task() >= view->tasks_.size() || stone.removed_at() >= view->next_) return false;
    Task& task = view->tasks_[stone.task()];
    task.removed_at = LogOffset{stone.removed_at()};
    view->tombstones_.emplace(task.removed_at, task.slot);
  }
  const auto removed = [](const Task& task) { return task.removed; };
  return static_cast<std::size_t>(std::ranges::count_if(view->tasks_, removed)) ==
             view->tombstones_.size() &&
         std::ranges::all_of(view->tombstones_, [&](const auto& stone) {
           const Task& task = view->tasks_[stone.second];
           return task.removed && task.removed_at == stone.first;
         });
}

bool SnapshotCoder::read_layout(const schema::RunSnapshot& in, RunView* view) {
  view->layout_changed_at_ = LogOffset{in.layout_changed_at()};
  if (in.layout_changed_at() > in.next()) return false;
  if (in.layout_by_rows()) {
    view->layout_.restore_rows(in.layout_credit());
    return in.boxes_size() == 0 && in.lanes_size() == 0;
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
    if (lane.y_size() != lane.x_size() || lane.shared() > 2) return false;
    lanes.push_back({lane.from(),
                     lane.to(),
                     {},
                     static_cast<drawing::LayoutLane::Shared>(lane.shared()),
                     lane.outer()});
    for (int i = 0; i < lane.y_size(); ++i) lanes.back().steps.push_back({lane.y(i), lane.x(i)});
  }
  for (const Task& task : view->tasks_) {
    view->layout_tasks_.push_back(view->layout_task(task));
    view->await(task);
  }
  return view->layout_.restore(view->layout_tasks_, boxes, std::move(lanes), in.layout_credit());
}

bool SnapshotCoder::read(const schema::RunSnapshot& in, RunView* view) {
  if (static_cast<std::size_t>(in.ids_size()) > limits::kRepeatWindow ||
      in.header().state() >= kStates)
    return false;
  view->next_ = in.next();
  view->changed_at_ = LogOffset{in.changed_at()};
  view->turned_at_ = view->changed_at_;
  view->header_ = read_header(in.header());
  view->weigh_header();
  if (!read_repeats(in, &view->repeats_)) return false;
  view->graph_version_ = in.graph_version();
  view->graph_known_ = in.graph_known();
  view->graph_open_ = in.graph_open();
  if (!read_tasks(in, view) || !read_series(in, view) || !read_artifacts(in, view) ||
      !read_tombstones(in, view) || !read_layout(in, view) || !read_source(in, view))
    return false;
  view->weigh_layout();
  return true;
}

bool SnapshotCoder::read_source(const schema::RunSnapshot& in, RunView* view) {
  for (const schema::SnapshotNode& told : in.nodes()) {
    if (view->nodes_.find(told.node().source_id())) return false;
    view->nodes_.restore(LogOffset{told.changed_at()}, told.node().source_id(), told.node());
  }
  for (const schema::SnapshotPod& told : in.pods()) {
    if (view->pods_.find(told.pod().uid())) return false;
    view->pods_.restore(LogOffset{told.changed_at()}, told.pod().uid(), told.pod());
  }
  view->nodes_.order_again();
  view->pods_.order_again();
  if (in.has_templates())
    view->templates_ = std::make_shared<const schema::WorkflowTemplates>(in.templates());
  if (!in.has_workflow()) return true;
  view->workflow_ = std::make_shared<const schema::Workflow>(in.workflow());
  view->kfp_tasks_.rebuild(view->workflow_, view->templates_, view->source_tables());
  view->header_.cluster_object = view->cluster_object();
  // Their tasks are there already.
  view->kfp_tasks_.take_changed(view->source_tables());
  return true;
}

}  // namespace telltale::fold
