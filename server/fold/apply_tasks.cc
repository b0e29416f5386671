// What events say about tasks: the graph, their states, and the accounts kept over them.
#include <algorithm>

#include "fold/apply.h"
#include "fold/run_view.h"
#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

// The last segment of a path, with "%2F" as the '/' it stands for.
std::string name_in(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string segment = slash == std::string::npos ? path : path.substr(slash + 1);
  std::string name;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment.compare(i, 3, "%2F") == 0) {
      name += '/';
      i += 2;
    } else {
      name += segment[i];
    }
  }
  return name;
}

// Groups within groups that are followed up to find the loop around; a circle of parents ends
// there.
constexpr int kDepthFollowed = 256;

TaskKind to_kind(int number) {
  return number >= 0 && number <= 3 ? static_cast<TaskKind>(number) : TaskKind::group;
}

template <typename Value>
bool set(Value& value, Value told) {
  if (value == told) return false;
  value = std::move(told);
  return true;
}

std::uint32_t count_characters(const std::string& text) {
  return static_cast<std::uint32_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

void RunView::touch(Task& task) {
  task.changed_at = now_;
  task_order_.touch(task.slot, now_);
}

void RunView::take_out(const Task& task) {
  if (task.removed) return;
  if (task.kind == TaskKind::task) --counts_[static_cast<std::size_t>(task.state)];
  if (task.state == State::failed)
    failed_.erase({task.kind != TaskKind::task, task.finished_at_us, task.slot});
}

void RunView::put_in(const Task& task) {
  if (task.removed) return;
  if (task.kind == TaskKind::task) ++counts_[static_cast<std::size_t>(task.state)];
  if (task.state == State::failed)
    failed_.insert({task.kind != TaskKind::task, task.finished_at_us, task.slot});
}

Task& RunView::add_task(const std::string& path) {
  const Slot slot = static_cast<Slot>(tasks_.size());
  Task& task = tasks_.emplace_back();
  task.slot = slot;
  task.id = make_task_id(path);
  task.path = path;
  task.name = name_in(path);
  task_by_path_.emplace(path, slot);
  task_by_id_.emplace(task.id, slot);
  put_in(task);
  touch(task);
  return task;
}

Task& RunView::need_task(const std::string& path, State state) {
  if (const auto found = task_by_path_.find(path); found != task_by_path_.end())
    return tasks_[found->second];
  Task& task = add_task(path);
  if (const std::size_t slash = path.rfind('/'); slash != std::string::npos) {
    std::string parent = path.substr(0, slash);
    if (task_by_path_.contains(parent)) set_relations(task, std::move(parent), {});
  }
  take_out(task);
  task.state = state;
  put_in(task);
  structure_changed_ |= shapes_drawing(task);
  return task;
}

Slot RunView::loop_of(const Task& task) const {
  Slot loop = kNoSlot;
  const std::string* parent = &task.parent;
  for (int depth = 0; !parent->empty(); ++depth) {
    const auto found = task_by_path_.find(*parent);
    if (found == task_by_path_.end() || tasks_[found->second].removed) break;
    if (depth == kDepthFollowed) return kNoSlot;
    const Task& above = tasks_[found->second];
    if (above.kind == TaskKind::loop) loop = above.slot;
    parent = &above.parent;
  }
  return loop;
}

// Items of a loop are drawn in its box, so the thousandth item needs no look at all the others.
bool RunView::shapes_drawing(const Task& task) const {
  const Slot loop = loop_of(task);
  if (loop == kNoSlot) return true;
  return std::any_of(task.depends_on.begin(), task.depends_on.end(), [&](const std::string& path) {
    const Task* other = task_by_path(path);
    return other != nullptr && loop_of(*other) != loop;
  });
}

void RunView::set_relations(Task& task, std::string parent, std::vector<std::string> depends_on) {
  task.parent_id = parent.empty() ? TaskId() : make_task_id(parent);
  task.parent = std::move(parent);
  task.depends_on_ids.clear();
  for (const std::string& path : depends_on) task.depends_on_ids.push_back(make_task_id(path));
  task.depends_on = std::move(depends_on);
}

bool RunView::apply_graph(const schema::Graph& graph) {
  if (is_old_version(graph.version(), graph_version_)) return false;
  graph_told_ = true;
  bool changed = false;
  for (const schema::GraphTask& told : graph.tasks()) {
    if (!told.path().empty()) changed |= apply_graph_task(told);
  }
  for (const std::string& path : graph.removed()) changed |= apply_removed(path);
  return changed;
}

bool RunView::apply_graph_task(const schema::GraphTask& told) {
  const auto found = task_by_path_.find(told.path());
  const bool added = found == task_by_path_.end();
  Task& task = added ? add_task(told.path()) : tasks_[found->second];
  const bool shaped = !added && shapes_drawing(task);
  take_out(task);
  bool structure = set(task.kind, to_kind(told.kind()));
  if (task.removed) {
    task.removed = false;
    structure = true;
    std::erase_if(tombstones_, [&](const Tombstone& stone) { return stone.id == task.id; });
  }
  put_in(task);

  std::string parent = told.parent() == told.path() ? std::string() : told.parent();
  std::vector<std::string> depends_on(told.depends_on().begin(), told.depends_on().end());
  if (task.parent != parent || task.depends_on != depends_on) {
    set_relations(task, std::move(parent), std::move(depends_on));
    structure = true;
  }
  bool changed = set(task.name, told.name().empty() ? name_in(told.path()) : told.name());
  changed |= set(task.item, told.item());
  changed |= set(task.index, told.index());
  structure |= added;
  structure_changed_ |= structure && (shaped || shapes_drawing(task));
  if (changed || structure) touch(task);
  return changed || structure;
}

bool RunView::apply_removed(const std::string& path) {
  const auto found = task_by_path_.find(path);
  if (found == task_by_path_.end() || tasks_[found->second].removed) return false;
  Task& task = tasks_[found->second];
  take_out(task);
  task.removed = true;
  tombstones_.push_back({task.id, now_});
  structure_changed_ |= shapes_drawing(task);
  touch(task);
  return true;
}

bool RunView::apply_task_state(const schema::Event& event, const schema::TaskState& told) {
  if (told.path().empty()) return false;
  Task& task = need_task(told.path(), State::pending);
  if (is_old_version(told.version(), task.version)) return false;
  take_out(task);
  const std::int64_t started_at_us = task.started_at_us;
  bool changed = false;
  if (told.attempt() > task.attempt) {
    task.attempt = told.attempt();
    task.progress.reset();  // the new attempt begins again
    changed = true;
  }
  changed |= set_number(task.attempts_max, told.attempts_max());
  changed |= set_number(task.started_at_us, told.started_at_us());
  changed |= set_number(task.finished_at_us, told.finished_at_us());
  changed |= set_state(task, told, event.happened_at_us());
  changed |= merge(task.inputs, told.inputs());
  changed |= merge(task.outputs, told.outputs());
  put_in(task);
  if (task.started_at_us != started_at_us) rank_metric(task.slot);
  if (changed) touch(task);
  return changed;
}

std::vector<LayoutTask> RunView::layout_tasks() const {
  std::vector<LayoutTask> tasks(tasks_.size());
  const auto slot_of = [this](const std::string& path) {
    const auto found = task_by_path_.find(path);
    return found == task_by_path_.end() ? kNoSlot : found->second;
  };
  for (const Task& task : tasks_) {
    LayoutTask& out = tasks[task.slot];
    out.kind = task.kind;
    out.name_length = count_characters(task.name);
    out.removed = task.removed;
    if (!task.parent.empty()) out.parent = slot_of(task.parent);
    for (const std::string& path : task.depends_on) {
      const Slot slot = slot_of(path);
      if (slot != kNoSlot && slot != task.slot) out.depends_on.push_back(slot);
    }
  }
  return tasks;
}

void RunView::update_layout() {
  const bool first_graph = graph_told_ && !graph_known_;
  graph_known_ |= graph_told_;
  layout_.update(layout_tasks(), first_graph);
  layout_changed_at_ = now_;
}

std::vector<LayoutEdge> RunView::layout_edges() const { return layout_.edges(layout_tasks()); }

}  // namespace telltale::fold
