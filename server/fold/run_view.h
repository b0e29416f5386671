// RunView: one run, folded from its events. Pure: no clock, no I/O, no logging; the same events
// give the same view, whatever the batching, the shard count, or what was delivered twice. Owned by
// one loop (a fold shard, or serve for the runs somebody watches) and used only there; a copy is a
// snapshot. Events of other runs must not be given to it.
//
// "Changed since P" is every entity with changed_at > P, plus the tombstones newer than P.
// References and pointers to entities stay valid while the view lives.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "drawing/graph_layout.h"
#include "fold/change_order.h"
#include "fold/kfp_tasks.h"
#include "fold/repeat_guard.h"
#include "fold/run_state.h"

namespace telltale::schema {
class Artifact;
class Event;
class Graph;
class GraphTask;
class LogBytes;
class Loss;
class MetricPoints;
class Progress;
class RunState;
class TaskState;
}  // namespace telltale::schema

namespace telltale::fold {

// What a list shows of a run.
struct Summary {
  std::array<std::uint32_t, kStates> counts{};  // of tasks, by state; no groups, loops, iterations
  double progress = 0;                          // 0..1, share of tasks that ended
  const Task* first_failed = nullptr;           // the one that failed earliest
  std::string failure;                          // its cause, else the run's
  const Series* main_metric = nullptr;          // added last to the task that started last
};

class RunView {
 public:
  explicit RunView(RunKey key);
  // Entities are found by slot, so copies and moves stand on their own.
  RunView(const RunView&) = default;
  RunView(RunView&&) = default;
  RunView& operator=(const RunView&) = default;
  RunView& operator=(RunView&&) = default;

  // True if anything changed. An event at or below position() or told before changes nothing; one
  // that is late (RepeatGuard) is counted as lost and not applied.
  bool apply(LogOffset offset, const schema::Event& event);
  // What the event was that apply() was given last, where it was not below position().
  RepeatGuard::Told last_told() const { return last_told_; }

  const RunKey& key() const { return key_; }
  bool empty() const { return next_ == 0; }  // no event yet
  // Offset of the last event given to apply(), of the first record while empty().
  LogOffset position() const { return LogOffset{next_ == 0 ? 0 : next_ - 1}; }
  LogOffset changed_at() const { return changed_at_; }  // of the last one that changed anything
  // Of the last one that changed more than what keeps coming while a run works: log bytes, points
  // of a known series, progress, signs of life. Of a decoded view it is changed_at().
  LogOffset turned_at() const { return turned_at_; }

  const RunHeader& header() const { return header_; }
  Summary summary() const;
  // What the run takes in memory, counted as it changes: an estimate for budgets, the same for a
  // view that was decoded.
  std::size_t bytes() const {
    return sizeof(RunView) + bytes_ + repeats_.bytes() + nodes_.bytes() + pods_.bytes() +
           kfp_tasks_.bytes();
  }

  // In the order they became known. tasks() leaves removed ones out; task() finds them too.
  std::vector<const Task*> tasks() const;
  std::vector<const Task*> tasks_changed_since(LogOffset since) const;
  const Task* task(const TaskId& id) const;
  const Task* task_by_path(const std::string& path) const;
  std::vector<TaskId> removed_since(LogOffset since) const;
  LogOffset tasks_changed_at() const { return task_order_.newest(); }

  const std::deque<Series>& series() const { return series_; }
  std::vector<const Series*> series_changed_since(LogOffset since) const;
  const Series* series(const SeriesId& id) const;

  const std::deque<Artifact>& artifacts() const { return artifacts_; }
  std::vector<const Artifact*> artifacts_changed_since(LogOffset since) const;
  const Artifact* artifact(const ArtifactId& id) const;

  // What a cluster's source told of: the workflow's nodes with all machinery, and their pods.
  const NodeTable& nodes() const { return nodes_; }
  const PodTable& pods() const { return pods_; }
  const KfpTasks& kfp_tasks() const { return kfp_tasks_; }

  // Where tasks are drawn; boxes name tasks by slot, see task_at().
  const drawing::GraphLayout& layout() const {
    if (!layout_.is_drawn()) draw_rows();
    return layout_;
  }
  LogOffset layout_changed_at() const { return layout_changed_at_; }
  const Task& task_at(Slot slot) const { return tasks_[slot]; }

 private:
  friend class SnapshotCoder;

  bool apply_run_state(const schema::Event& event, const schema::RunState& state);
  bool apply_graph(const schema::Graph& graph);
  bool apply_graph_task(const schema::GraphTask& told);
  bool apply_removed(const std::string& path);
  bool apply_task_state(const schema::Event& event, const schema::TaskState& state);
  bool apply_log(const schema::LogBytes& log);
  bool apply_points(const schema::Event& event, const schema::MetricPoints& points);
  bool apply_progress(const schema::Progress& progress);
  bool apply_artifact(const schema::Event& event, const schema::Artifact& artifact);
  bool note_late();
  bool apply_loss(const schema::Loss& loss);
  bool apply_cancel_request(const schema::Event& event);
  bool apply_workflow(const schema::Workflow& workflow);
  bool apply_source_node(const schema::SourceNode& node);
  bool apply_source_pod(const schema::SourcePod& pod);
  bool apply_kind(const schema::Event& event);
  bool note_time(const schema::Event& event);

  // Known by mention from now on; a new one starts in `state`. nullptr where the run has room for
  // no more: the caller counts what is lost.
  Task* need_task(const std::string& path, State state);
  Task& add_task(const std::string& path);
  bool has_room_for_task() const;
  bool lose_events(const char* reason);  // the one being applied, or a part of it
  void set_relations(Task& task, std::string parent, std::vector<std::string> depends_on);
  void touch(Task& task);
  // Counts it anew (run_bytes.cc), where its texts may have changed.
  void weigh(Task& task);
  void weigh(Artifact& artifact);
  void weigh_new(const Series& series);
  void weigh_header();
  void weigh_layout();
  // Around every change of what counts and ranks depend on: out of the accounts, and in again.
  void take_out(const Task& task);
  void put_in(const Task& task);
  void rank_metric(Slot task);  // kNoSlot = the run
  // nullptr as need_task().
  Series* need_series(const std::string& task_path, const std::string& name);
  SourceTables source_tables() const { return {nodes_, pods_}; }
  bool take_templates(const schema::Workflow& workflow);
  bool show_workflow();
  ClusterObject cluster_object() const;
  bool show_source_tasks();
  bool set_source_task(SourceTask told);
  bool lose_log(std::uint64_t bytes, const char* reason);
  bool lose_points(std::uint64_t points, const char* reason);
  void update_layout();
  void update_placed();
  void draw_rows() const;
  drawing::LayoutTask layout_task(const Task& task) const;
  // Of `task`, the paths it names that are no tasks yet: noted, and forgotten.
  void await(const Task& task);
  void await_no_more(const Task& task);

  RunKey key_;
  std::uint64_t next_ = 0;  // offset after the last event given; 0 = none
  LogOffset now_{};         // of the event being applied
  LogOffset changed_at_{};
  LogOffset turned_at_{};
  RunHeader header_;
  RepeatGuard repeats_;

  std::deque<Task> tasks_;  // by slot, removed ones included
  std::unordered_map<std::string, Slot> task_by_path_;
  std::unordered_map<TaskId, Slot> task_by_id_;
  ChangeOrder task_order_;
  std::set<std::pair<LogOffset, Slot>> tombstones_;  // when, and which task; while it is removed
  std::size_t edges_ = 0;                            // of all tasks, what they depend on
  std::uint64_t graph_version_ = 0;
  bool graph_known_ = false;  // some graph was laid out
  bool graph_open_ = false;   // and nothing but graphs was told since: more of it may follow

  std::deque<Series> series_;
  std::unordered_map<SeriesId, Slot> series_by_id_;
  std::unordered_map<std::string, Slot> series_by_name_;  // task slot and name, see need_series()
  ChangeOrder series_order_;

  std::deque<Artifact> artifacts_;
  std::unordered_map<ArtifactId, Slot> artifact_by_id_;
  ChangeOrder artifact_order_;

  // Of a run of a cluster. `workflow_` is without the templates.
  std::shared_ptr<const schema::Workflow> workflow_;
  std::shared_ptr<const schema::WorkflowTemplates> templates_;
  NodeTable nodes_;
  PodTable pods_;
  KfpTasks kfp_tasks_;

  // The accounts. First failures: tasks before groups, then by finish, then as they became known.
  std::array<std::uint32_t, kStates> counts_{};
  std::set<std::tuple<bool, std::int64_t, Slot>> failed_;
  std::map<Slot, Slot> last_series_;  // task, kNoSlot = the run -> series added last
  Slot main_series_ = kNoSlot;        // of main_task_, kNoSlot = the run
  Slot main_task_ = kNoSlot;

  // Mutable: what is drawn by rows is drawn when a reader asks for it.
  mutable drawing::GraphLayout layout_;
  LogOffset layout_changed_at_{};
  // Nothing of these while it is drawn by rows.
  std::vector<drawing::LayoutTask> layout_tasks_;   // by slot, as the layout knows them
  std::set<std::pair<std::string, Slot>> awaited_;  // a path that is no task yet, and who names it
  // By the event being applied.
  std::vector<Slot> reshaped_;  // tasks whose place in the drawing may have changed; new ones are
  bool graph_told_ = false;
  bool graph_cut_ = false;  // tasks or edges of it were left out
  RepeatGuard::Told last_told_ = RepeatGuard::Told::first;

  std::size_t bytes_ = 0;  // of all of the above but repeats_
  std::size_t header_bytes_ = 0;
  std::size_t layout_bytes_ = 0;
};

}  // namespace telltale::fold
