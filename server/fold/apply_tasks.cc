// What events say about tasks: the graph, their states, and the accounts kept over them.
#include <algorithm>

#include "base/limits.h"
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

// While a graph is still being told in parts, a part is laid out with the rest of it if it brings
// at least one task for so many known ones; smaller parts take free places. So a graph that comes
// task by task costs no more than one that comes at once.
constexpr std::size_t kKnownForOneNew = 32;
// Counted for a task, and each it names, that is looked up for the layout (drawing/work.h).
constexpr std::uint64_t kStepsToFindOut = 10;

TaskKind to_kind(int number) {
  return number >= 0 && number <= 3 ? static_cast<TaskKind>(number) : TaskKind::group;
}

template <typename Value>
bool set(Value& value, Value told) {
  if (value == told) return false;
  value = std::move(told);
  return true;
}

// The width of a text in Latin letters: Hangul, Han, kana and emoji take two.
std::uint32_t count_columns(const std::string& text) {
  std::uint32_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) == 0x80) continue;
    const bool east_asian = byte >= 0xE3 || (byte == 0xE1 && text.compare(i, 2, "\xE1\x84") >= 0 &&
                                             text.compare(i, 2, "\xE1\x88") < 0);
    columns += east_asian ? 2 : 1;
  }
  return columns;
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
  auto waits = awaited_.lower_bound({path, 0});
  for (; waits != awaited_.end() && waits->first == path; waits = awaited_.erase(waits))
    reshaped_.push_back(waits->second);
  return task;
}

bool RunView::has_room_for_task() const { return tasks_.size() < limits::kRunTasks; }

Task* RunView::need_task(const std::string& path, State state) {
  if (const auto found = task_by_path_.find(path); found != task_by_path_.end())
    return &tasks_[found->second];
  if (!has_room_for_task()) return nullptr;
  Task& task = add_task(path);
  if (const std::size_t slash = path.rfind('/'); slash != std::string::npos) {
    std::string parent = path.substr(0, slash);
    if (task_by_path_.contains(parent)) set_relations(task, std::move(parent), {});
  }
  take_out(task);
  task.state = state;
  put_in(task);
  weigh(task);
  return &task;
}

void RunView::set_relations(Task& task, std::string parent, std::vector<std::string> depends_on) {
  await_no_more(task);
  task.parent_id = parent.empty() ? TaskId() : make_task_id(parent);
  task.parent = std::move(parent);
  edges_ += depends_on.size() - task.depends_on.size();
  task.depends_on_ids.clear();
  for (const std::string& path : depends_on) {
    const auto known = task_by_path_.find(path);
    task.depends_on_ids.push_back(known == task_by_path_.end() ? make_task_id(path)
                                                               : tasks_[known->second].id);
  }
  task.depends_on = std::move(depends_on);
}

bool RunView::apply_graph(const schema::Graph& graph) {
  if (is_old_version(graph.version(), graph_version_)) return false;
  graph_told_ = true;
  graph_cut_ = false;
  bool changed = false;
  for (const schema::GraphTask& told : graph.tasks()) {
    if (!told.path().empty()) changed |= apply_graph_task(told);
  }
  for (const std::string& path : graph.removed()) changed |= apply_removed(path);
  if (graph_cut_) changed |= lose_events(kTooLarge);
  return changed;
}

bool RunView::apply_graph_task(const schema::GraphTask& told) {
  const auto found = task_by_path_.find(told.path());
  const bool added = found == task_by_path_.end();
  if (added && !has_room_for_task()) {
    graph_cut_ = true;
    return false;
  }
  Task& task = added ? add_task(told.path()) : tasks_[found->second];
  take_out(task);
  bool structure = set(task.kind, to_kind(told.kind()));
  if (task.removed) {
    task.removed = false;
    structure = true;
    tombstones_.erase({task.removed_at, task.slot});
  }
  put_in(task);

  std::string parent = told.parent() == told.path() ? std::string() : told.parent();
  std::vector<std::string> depends_on(told.depends_on().begin(), told.depends_on().end());
  if (const std::size_t others = edges_ - task.depends_on.size();
      depends_on.size() > limits::kRunEdges - others) {
    depends_on.resize(limits::kRunEdges - others);
    graph_cut_ = true;
  }
  if (task.parent != parent || task.depends_on != depends_on) {
    set_relations(task, std::move(parent), std::move(depends_on));
    structure = true;
  }
  bool changed = set(task.name, told.name().empty() ? name_in(told.path()) : told.name());
  changed |= set(task.item, told.item());
  changed |= set(task.index, told.index());
  structure |= added;
  if (structure) reshaped_.push_back(task.slot);
  if (!changed && !structure) return false;
  weigh(task);
  touch(task);
  return true;
}

bool RunView::apply_removed(const std::string& path) {
  const auto found = task_by_path_.find(path);
  if (found == task_by_path_.end() || tasks_[found->second].removed) return false;
  Task& task = tasks_[found->second];
  take_out(task);
  task.removed = true;
  task.removed_at = now_;
  tombstones_.emplace(now_, task.slot);
  reshaped_.push_back(task.slot);
  touch(task);
  return true;
}

bool RunView::apply_task_state(const schema::Event& event, const schema::TaskState& told) {
  if (told.path().empty()) return false;
  Task* needed = need_task(told.path(), State::pending);
  if (needed == nullptr) return lose_events(kTooLarge);
  Task& task = *needed;
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
  if (!changed) return false;
  weigh(task);
  touch(task);
  return true;
}

bool RunView::lose_events(const char* reason) {
  header_.lost.events = add_capped(header_.lost.events, 1);
  header_.lost.reason = reason;
  weigh_header();
  return true;
}

drawing::LayoutTask RunView::layout_task(const Task& task) const {
  const auto slot_of = [&](const std::string& path) {
    const auto found = task_by_path_.find(path);
    return found == task_by_path_.end() ? kNoSlot : found->second;
  };
  drawing::LayoutTask out;
  out.kind = task.kind;
  out.name_columns = count_columns(task.name);
  out.removed = task.removed;
  if (!task.parent.empty()) out.parent = slot_of(task.parent);
  for (const std::string& path : task.depends_on) {
    const Slot slot = slot_of(path);
    if (slot != kNoSlot && slot != task.slot) out.depends_on.push_back(slot);
  }
  return out;
}

void RunView::await(const Task& task) {
  const auto note = [&](const std::string& path) {
    if (!task_by_path_.contains(path)) awaited_.emplace(path, task.slot);
  };
  if (!task.parent.empty()) note(task.parent);
  for (const std::string& path : task.depends_on) note(path);
}

void RunView::await_no_more(const Task& task) {
  if (awaited_.empty()) return;
  awaited_.erase({task.parent, task.slot});
  for (const std::string& path : task.depends_on) awaited_.erase({path, task.slot});
}

void RunView::update_layout() {
  if (layout_.by_rows()) {
    layout_.update({}, {}, false);
    layout_changed_at_ = now_;
  } else {
    update_placed();
  }
  if (layout_changed_at_ == now_) weigh_layout();
  if (graph_told_ && !graph_known_) graph_known_ = graph_open_ = true;
}

void RunView::update_placed() {
  const std::size_t known = layout_tasks_.size();
  const std::size_t added = tasks_.size() - known;
  for (std::size_t slot = known; slot < tasks_.size(); ++slot)
    reshaped_.push_back(static_cast<Slot>(slot));
  std::sort(reshaped_.begin(), reshaped_.end());
  reshaped_.erase(std::unique(reshaped_.begin(), reshaped_.end()), reshaped_.end());
  layout_tasks_.resize(tasks_.size());
  std::uint64_t found_out = 0;
  std::erase_if(reshaped_, [&](Slot slot) {
    const Task& task = tasks_[slot];
    found_out += kStepsToFindOut * (1 + task.depends_on.size());
    await(task);
    return !set(layout_tasks_[slot], layout_task(task)) && slot < known;
  });
  const bool more_of_it = graph_open_ && added > 0 && added * kKnownForOneNew >= known;
  const bool afresh = graph_told_ && (!graph_known_ || more_of_it);
  if (!layout_.update(layout_tasks_, reshaped_, afresh, found_out)) return;
  layout_changed_at_ = now_;
  if (layout_.by_rows()) {
    layout_tasks_ = {};
    awaited_.clear();
  }
}

void RunView::draw_rows() const {
  std::vector<drawing::LayoutTask> tasks;
  tasks.reserve(tasks_.size());
  for (const Task& task : tasks_) tasks.push_back(layout_task(task));
  layout_.draw_rows(tasks);
}

}  // namespace telltale::fold
