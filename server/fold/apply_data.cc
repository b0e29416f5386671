// What events say in a task: its output, metrics, progress and artifacts.
#include <algorithm>
#include <bit>
#include <tuple>

#include "fold/apply.h"
#include "fold/run_view.h"
#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

// By bits: NaN told again is no change.
bool same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same(const ProgressState& a, const ProgressState& b) {
  return same(a.done, b.done) && same(a.total, b.total) && a.unit == b.unit && a.note == b.note;
}

std::string series_key(Slot task, const std::string& name) {
  return std::to_string(task) + '/' + name;
}

const char* const kNoTask = "A run has at most 20,000 tasks: what was told of others was left out.";
const char* const kTooFar =
    "Output of a task told at a place more than 64 MiB past its end was left out.";

}  // namespace

bool RunView::lose_log(std::uint64_t bytes, const char* reason) {
  header_.lost.log_bytes = add_capped(header_.lost.log_bytes, bytes);
  header_.lost.reason = reason;
  weigh_header();
  return true;
}

bool RunView::lose_points(std::uint64_t points, const char* reason) {
  header_.lost.points = add_capped(header_.lost.points, points);
  header_.lost.reason = reason;
  weigh_header();
  return true;
}

bool RunView::apply_log(const schema::LogBytes& log) {
  if (log.path().empty()) return false;
  Task* task = need_task(log.path(), State::running);
  if (task == nullptr) return lose_log(log.data().size(), kNoTask);
  if (log.data().empty()) return false;
  const auto attempt = task->logs.try_emplace(std::max(log.attempt(), 1)).first;
  if (!attempt->second.reaches(log.offset())) {
    if (attempt->second.size() == 0) task->logs.erase(attempt);
    return lose_log(log.data().size(), kTooFar);
  }
  const std::size_t bytes = attempt->second.bytes();
  if (!attempt->second.write(log.offset(), log.data())) return false;
  bytes_ += attempt->second.bytes() - bytes;
  touch(*task);
  return true;
}

Series* RunView::need_series(const std::string& task_path, const std::string& name) {
  Slot task = kNoSlot;
  if (!task_path.empty()) {
    const Task* needed = need_task(task_path, State::running);
    if (needed == nullptr) return nullptr;
    task = needed->slot;
  }
  const std::string key = series_key(task, name);
  if (const auto found = series_by_name_.find(key); found != series_by_name_.end())
    return &series_[found->second];
  const Slot slot = static_cast<Slot>(series_.size());
  Series& series = series_.emplace_back();
  series.slot = slot;
  series.id = make_series_id(task_path, name);
  series.task_path = task_path;
  if (task != kNoSlot) series.task_id = tasks_[task].id;
  series.name = name;
  series_by_name_.emplace(key, slot);
  series_by_id_.emplace(series.id, slot);
  last_series_[task] = slot;
  rank_metric(task);
  weigh_new(series);
  return &series;
}

void RunView::rank_metric(Slot changed) {
  const auto rank = [this](Slot task, Slot series) {
    const bool of_task = task != kNoSlot;
    return std::tuple(of_task, of_task ? tasks_[task].started_at_us : 0, task, series);
  };
  const auto found = last_series_.find(changed);
  if (found == last_series_.end()) return;
  // Start times only grow but for corrections, so one comparison does unless the first itself
  // moved.
  if (main_series_ != kNoSlot && main_task_ != changed) {
    if (rank(changed, found->second) > rank(main_task_, main_series_))
      std::tie(main_task_, main_series_) = *found;
    return;
  }
  std::tie(main_task_, main_series_) = *found;
  for (const auto& [task, series] : last_series_) {
    if (rank(task, series) > rank(main_task_, main_series_)) {
      main_task_ = task;
      main_series_ = series;
    }
  }
}

bool RunView::apply_points(const schema::Event& event, const schema::MetricPoints& told) {
  const bool steps = told.step_size() > 0;
  const bool times = told.time_us_size() > 0;
  int points = told.value_size();
  if (steps) points = std::min(points, told.step_size());
  if (times) points = std::min(points, told.time_us_size());
  if (points == 0) return false;
  Series* needed = need_series(told.path(), told.name());
  if (needed == nullptr) return lose_points(static_cast<std::uint64_t>(points), kNoTask);
  Series& series = *needed;
  const std::size_t bytes = series.points.bytes();
  for (int i = 0; i < points; ++i) {
    series.points.add(steps ? told.step(i) : series.points.next_step(),
                      times ? told.time_us(i) : event.happened_at_us(), told.value(i));
  }
  bytes_ += series.points.bytes() - bytes;
  series.changed_at = now_;
  series_order_.touch(series.slot, now_);
  return true;
}

bool RunView::apply_progress(const schema::Progress& told) {
  Task* task = told.path().empty() ? nullptr : need_task(told.path(), State::running);
  if (task == nullptr && !told.path().empty()) return lose_events(kNoTask);
  std::optional<ProgressState>& progress = task != nullptr ? task->progress : header_.progress;
  ProgressState next{told.done(), told.total(), told.unit(), told.note()};
  if (progress && same(*progress, next)) return false;
  progress = std::move(next);
  if (task != nullptr) {
    weigh(*task);
    touch(*task);
  } else {
    weigh_header();
  }
  return true;
}

bool RunView::apply_artifact(const schema::Event& event, const schema::Artifact& told) {
  const Task* task = told.path().empty() ? nullptr : need_task(told.path(), State::pending);
  if (task == nullptr && !told.path().empty()) return lose_events(kNoTask);
  const ArtifactId id = make_artifact_id(told.path(), told.name(), told.input());
  const auto [found, added] = artifact_by_id_.try_emplace(id, static_cast<Slot>(artifacts_.size()));
  if (added) {
    Artifact& artifact = artifacts_.emplace_back();
    artifact.slot = found->second;
    artifact.id = id;
    artifact.task_path = told.path();
    if (task != nullptr) artifact.task_id = task->id;
    artifact.name = told.name();
    artifact.input = told.input();
    artifact.created_at_us = event.happened_at_us();
  }
  Artifact& artifact = artifacts_[found->second];
  bool changed = added;
  changed |= set_text(artifact.type, told.type());
  changed |= set_text(artifact.uri, told.uri());
  changed |= set_text(artifact.metadata, told.metadata());
  if (!changed) return false;
  weigh(artifact);
  artifact.changed_at = now_;
  artifact_order_.touch(artifact.slot, now_);
  return true;
}

}  // namespace telltale::fold
