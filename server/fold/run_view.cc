#include "fold/run_view.h"

#include <algorithm>
#include <cmath>

#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

template <typename Entity>
std::vector<const Entity*> pick(const std::deque<Entity>& entities,
                                const std::vector<Slot>& slots) {
  std::vector<const Entity*> picked;
  picked.reserve(slots.size());
  for (const Slot slot : slots) picked.push_back(&entities[slot]);
  return picked;
}

template <typename Entity, typename Key>
const Entity* find(const std::deque<Entity>& entities, const std::unordered_map<Key, Slot>& slots,
                   const Key& key) {
  const auto found = slots.find(key);
  return found == slots.end() ? nullptr : &entities[found->second];
}

bool keeps_coming(schema::Event::KindCase kind) {
  return kind == schema::Event::kLogBytes || kind == schema::Event::kMetricPoints ||
         kind == schema::Event::kProgress || kind == schema::Event::kHeartbeat;
}

double share(const ProgressState& progress) {
  const double share = progress.done / progress.total;
  return std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0;
}

}  // namespace

RunView::RunView(RunKey key) : key_(std::move(key)) {}

bool RunView::apply(LogOffset offset, const schema::Event& event) {
  if (to_number(offset) < next_) return false;
  const bool first = empty();
  next_ = to_number(offset) + 1;
  now_ = offset;
  last_told_ = repeats_.judge(event.epoch(), event.sequence(), event.id());
  if (last_told_ == RepeatGuard::Told::again) return false;
  if (last_told_ == RepeatGuard::Told::late) return note_late();

  const std::size_t tasks = tasks_.size();
  const std::size_t series = series_.size();
  reshaped_.clear();
  graph_told_ = false;
  bool changed = first;
  if (first) {
    header_.created_at_us =
        event.observed_at_us() != 0 ? event.observed_at_us() : event.happened_at_us();
  }
  changed |= note_time(event);
  changed |= apply_kind(event);
  changed |= tasks_.size() != tasks;
  if (!reshaped_.empty() || tasks_.size() != tasks) update_layout();
  if (changed) changed_at_ = offset;
  const bool grown = tasks_.size() != tasks || series_.size() != series;
  if (changed && (grown || !keeps_coming(event.kind_case()))) turned_at_ = offset;
  return changed;
}

bool RunView::apply_kind(const schema::Event& event) {
  const schema::Event::KindCase kind = event.kind_case();
  graph_open_ &= kind == schema::Event::kGraph || kind == schema::Event::kRunState ||
                 kind == schema::Event::kWorkflow || kind == schema::Event::kHeartbeat;
  switch (kind) {
    case schema::Event::kRunState: return apply_run_state(event, event.run_state());
    case schema::Event::kGraph: return apply_graph(event.graph());
    case schema::Event::kTaskState: return apply_task_state(event, event.task_state());
    case schema::Event::kLogBytes: return apply_log(event.log_bytes());
    case schema::Event::kMetricPoints: return apply_points(event, event.metric_points());
    case schema::Event::kProgress: return apply_progress(event.progress());
    case schema::Event::kArtifact: return apply_artifact(event, event.artifact());
    case schema::Event::kLoss: return apply_loss(event.loss());
    case schema::Event::kCancelRequest: return apply_cancel_request(event);
    case schema::Event::kWorkflow: return apply_workflow(event.workflow());
    case schema::Event::kSourceNode: return apply_source_node(event.source_node());
    case schema::Event::kSourcePod: return apply_source_pod(event.source_pod());
    case schema::Event::kHeartbeat:
    case schema::Event::KIND_NOT_SET: break;  // news by itself, see note_time()
  }
  return false;
}

bool RunView::note_time(const schema::Event& event) {
  if (event.observed_at_us() <= header_.last_event_at_us) return false;
  header_.last_event_at_us = event.observed_at_us();
  return true;
}

Summary RunView::summary() const {
  Summary summary;
  summary.counts = counts_;
  std::uint32_t total = 0;
  std::uint32_t ended = 0;
  for (std::size_t i = 0; i < kStates; ++i) {
    total += counts_[i];
    if (has_ended(static_cast<State>(i))) ended += counts_[i];
  }
  if (total > 0) {
    summary.progress = static_cast<double>(ended) / total;
  } else if (header_.progress) {
    summary.progress = share(*header_.progress);
  }
  if (!failed_.empty()) {
    summary.first_failed = &tasks_[std::get<2>(*failed_.begin())];
    summary.failure = summary.first_failed->message;
  }
  if (summary.failure.empty() && header_.state == State::failed) summary.failure = header_.message;
  if (main_series_ != kNoSlot) summary.main_metric = &series_[main_series_];
  return summary;
}

std::vector<const Task*> RunView::tasks() const {
  std::vector<const Task*> tasks;
  tasks.reserve(tasks_.size());
  for (const Task& task : tasks_) {
    if (!task.removed) tasks.push_back(&task);
  }
  return tasks;
}

std::vector<const Task*> RunView::tasks_changed_since(LogOffset since) const {
  std::vector<const Task*> tasks = pick(tasks_, task_order_.changed_since(since));
  std::erase_if(tasks, [](const Task* task) { return task->removed; });
  return tasks;
}

const Task* RunView::task(const TaskId& id) const { return find(tasks_, task_by_id_, id); }

const Task* RunView::task_by_path(const std::string& path) const {
  return find(tasks_, task_by_path_, path);
}

std::vector<TaskId> RunView::removed_since(LogOffset since) const {
  std::vector<TaskId> removed;
  for (auto it = tombstones_.upper_bound({since, kNoSlot}); it != tombstones_.end(); ++it)
    removed.push_back(tasks_[it->second].id);
  return removed;
}

std::vector<const Series*> RunView::series_changed_since(LogOffset since) const {
  return pick(series_, series_order_.changed_since(since));
}

const Series* RunView::series(const SeriesId& id) const { return find(series_, series_by_id_, id); }

std::vector<const Artifact*> RunView::artifacts_changed_since(LogOffset since) const {
  return pick(artifacts_, artifact_order_.changed_since(since));
}

const Artifact* RunView::artifact(const ArtifactId& id) const {
  return find(artifacts_, artifact_by_id_, id);
}

}  // namespace telltale::fold
