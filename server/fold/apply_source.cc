// What a cluster's source says: its workflow, nodes and pods, and the tasks that follow from them.
#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "fold/apply.h"
#include "fold/run_view.h"
#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

template <typename Told>
std::tuple<std::uint64_t, std::uint64_t> age(const Told& told) {
  return {told.generation(), told.version()};
}

template <typename Value>
bool set(Value& value, Value told) {
  if (value == told) return false;
  value = std::move(told);
  return true;
}

State state_of_run(const schema::Workflow& workflow, bool has_nodes) {
  const std::string& phase = workflow.phase();
  const bool failed = phase == "Failed" || phase == "Error";
  if (phase == "Succeeded") return State::succeeded;
  if (failed) return workflow.shutdown().empty() ? State::failed : State::cancelled;
  if (workflow.deleted()) return State::cancelled;
  if (phase == "Running" || has_nodes) return State::running;
  return phase.empty() || phase == "Pending" ? State::pending : State::unknown;
}

std::string stop_message(const schema::Workflow& workflow) {
  if (workflow.shutdown() == "Deadline") return "Terminated in Kubeflow Pipelines";
  return "Stopped in the cluster (" + workflow.shutdown() + ")";
}

}  // namespace

bool RunView::apply_workflow(const schema::Workflow& told) {
  if (workflow_ != nullptr && age(told) < age(*workflow_)) {
    // Of two who tell of it the slower one may be the only one that had the templates.
    if (templates_ != nullptr || !take_templates(told)) return false;
    return show_source_tasks();
  }
  auto head = std::make_shared<schema::Workflow>(told);
  head->clear_templates();
  workflow_ = std::move(head);
  if (!take_templates(told)) kfp_tasks_.head_told(workflow_, source_tables());
  const bool shown = show_workflow();
  return show_source_tasks() || shown;
}

// False if there are none, or none that are new.
bool RunView::take_templates(const schema::Workflow& told) {
  if (!told.has_templates()) return false;
  if (templates_ != nullptr &&
      templates_->SerializeAsString() == told.templates().SerializeAsString())
    return false;
  templates_ = std::make_shared<const schema::WorkflowTemplates>(told.templates());
  graph_told_ = true;
  const std::vector<std::string> before = kfp_tasks_.paths();
  kfp_tasks_.rebuild(workflow_, templates_, source_tables());
  std::vector<std::string> now = kfp_tasks_.paths();
  std::sort(now.begin(), now.end());
  for (const std::string& path : before) {
    if (!std::binary_search(now.begin(), now.end(), path)) apply_removed(path);
  }
  return true;
}

ClusterObject RunView::cluster_object() const {
  ClusterObject object;
  object.cluster = workflow_->cluster();
  object.namespace_name = workflow_->namespace_();
  object.name = workflow_->name();
  object.uid = workflow_->uid();
  object.kfp_run_id = workflow_->kfp_run_id();
  object.phase = workflow_->phase();
  object.deleted = workflow_->deleted();
  object.notice = workflow_->nodes_unreadable();
  if (object.notice.empty() && templates_ != nullptr && templates_->cut())
    object.notice = "It has more templates than are kept; some tasks are shown once they begin.";
  return object;
}

// By value, like everything of a source: a run that ended may run again.
bool RunView::show_workflow() {
  if (workflow_ == nullptr) return false;
  const schema::Workflow& workflow = *workflow_;
  RunHeader& header = header_;
  const State state = state_of_run(workflow, nodes_.size() > 0);
  std::string message = workflow.message();
  if (state == State::cancelled && workflow.deleted() && workflow.phase() == "Running") {
    message = "The workflow was deleted in the cluster while it ran";
  } else if (state == State::cancelled && !workflow.shutdown().empty()) {
    message = stop_message(workflow);
  } else if (state == State::failed && message.empty()) {
    message = kfp_tasks_.run_failure(source_tables());
  }
  bool changed = set(header.state, state);
  changed |= set(header.message, std::move(message));
  changed |= set(header.name, workflow.run_name());
  changed |= set(header.pipeline, workflow.pipeline());
  changed |= set(header.source, workflow.source());
  changed |= set(header.started_at_us, workflow.started_at_us());
  changed |= set(header.finished_at_us, has_ended(state) ? workflow.finished_at_us() : 0);
  changed |= set(header.cluster_object, std::optional(cluster_object()));
  if (set(header.parameters, {workflow.parameters().begin(), workflow.parameters().end()})) {
    header.parameters_changed_at = now_;
    changed = true;
  }
  if (changed) weigh_header();
  return changed;
}

bool RunView::apply_source_node(const schema::SourceNode& told) {
  const std::optional<Slot> known = nodes_.find(told.source_id());
  std::optional<Slot> slot;
  if (!known && nodes_.size() >= limits::kSourceNodes) return false;
  if (told.removed() && known) {
    // Where it stood is told no more, and stays known: it may come back.
    schema::SourceNode gone = nodes_.at(*known);
    if (age(told) < age(gone)) return false;
    gone.set_removed(true);
    gone.set_version(told.version());
    gone.set_generation(told.generation());
    slot = nodes_.apply(now_, told.source_id(), gone);
  } else {
    slot = nodes_.apply(now_, told.source_id(), told);
  }
  if (!slot) return false;
  kfp_tasks_.node_told(*slot, source_tables());
  show_source_tasks();
  // The run itself begins with its first node, and shows why its own driver failed.
  const auto place = kfp_tasks_.place_of(*slot);
  if (header_.state == State::pending || (place && place->role == Role::run_driver))
    show_workflow();
  return true;
}

bool RunView::apply_source_pod(const schema::SourcePod& told) {
  const std::optional<Slot> slot = pods_.apply(now_, told.uid(), told);
  if (!slot) return false;
  kfp_tasks_.pod_told(*slot, source_tables());
  if (const std::optional<Slot> node = nodes_.find(told.node_id())) nodes_.touch(*node, now_);
  show_source_tasks();
  return true;
}

bool RunView::show_source_tasks() {
  bool changed = false;
  for (SourceTask& task : kfp_tasks_.take_changed(source_tables()))
    changed |= set_source_task(std::move(task));
  return changed;
}

bool RunView::set_source_task(SourceTask told) {
  const auto found = task_by_path_.find(told.path);
  const bool added = found == task_by_path_.end();
  // Told once: each change of the task would else count as one more.
  if (added && !has_room_for_task())
    return header_.lost.reason != kTooLarge && lose_events(kTooLarge);
  Task& task = added ? add_task(told.path) : tasks_[found->second];
  take_out(task);
  bool structure = set(task.kind, told.kind) || added;
  if (task.removed) {
    task.removed = false;
    structure = true;
    tombstones_.erase({task.removed_at, task.slot});
  }
  if (task.parent != told.parent || task.depends_on != told.depends_on) {
    set_relations(task, std::move(told.parent), std::move(told.depends_on));
    structure = true;
  }
  structure |= set(task.name, std::move(told.name));
  bool changed = set(task.item, std::move(told.item));
  changed |= set(task.index, told.index);
  changed |= set(task.state, told.state);
  changed |= set(task.message, std::move(told.message));
  changed |= set(task.attempt, told.attempt);
  changed |= set(task.attempts_max, told.attempts_max);
  const bool restarted = set(task.started_at_us, told.started_at_us);
  changed |= set(task.finished_at_us, told.finished_at_us);
  if (told.progress && (!task.progress || task.progress->done != told.progress->done ||
                        task.progress->total != told.progress->total)) {
    task.progress = told.progress;
    changed = true;
  }
  put_in(task);
  if (restarted) rank_metric(task.slot);
  if (structure) reshaped_.push_back(task.slot);
  if (!structure && !changed && !restarted) return false;
  weigh(task);
  touch(task);
  return true;
}

}  // namespace telltale::fold
