// What a task shows: the table of states, from the nodes of its places and their pods.
#include <fmt/format.h>

#include <algorithm>

#include "fold/kfp_tasks.h"
#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

constexpr std::size_t kItemName = 60;  // longer items are named by their place

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Words of Argo's about a node it stopped, of a container that was told to go.
bool was_stopped(const std::string& message) {
  for (const std::string_view words :
       {"exceeded its deadline", "exceeded workflow deadline", "shutdown", "Stopped with strategy",
        "Terminated with strategy", "terminated", "exit code 143", "exit code 137"})
    if (contains(message, words)) return true;
  return message.empty();
}

bool is_driver(Role role) {
  return role == Role::driver || role == Role::loop_driver || role == Role::iteration_driver;
}

std::string driver_failed(const Outcome& driver) {
  return driver.message.empty() ? "Its driver failed" : "Its driver failed: " + driver.message;
}

bool omitted(const Outcome& outcome) {
  return outcome.node != nullptr && outcome.node->source_phase() == "Omitted";
}

}  // namespace

bool KfpTasks::run_ended() const {
  if (workflow_ == nullptr) return false;
  const std::string& phase = workflow_->phase();
  return workflow_->deleted() || phase == "Succeeded" || phase == "Failed" || phase == "Error";
}

bool KfpTasks::ended_above(Place place) const {
  if (run_ended()) return true;
  while (!places_[place].hooked) {
    place = places_[place].parent;
    if (place == kNowhere) return false;
    if (places_[place].ended) return true;
  }
  return false;
}

// Whether every group above it is at its newest attempt.
bool KfpTasks::is_current(Slot slot, SourceTables tables) const {
  for (Slot group = bound_[slot].group; group != kNoSlot; group = bound_[group].group) {
    const Bound& own = bound_[group];
    for (const Slot other : places_[own.place].nodes) {
      if (bound_[other].group == own.group && bound_[other].attempt > own.attempt &&
          !tables.nodes.at(other).removed())
        return false;
    }
  }
  return true;
}

const schema::SourcePod* KfpTasks::pod_of(const std::string& node_id, SourceTables tables) const {
  const auto found = pods_of_node_.find(node_id);
  if (found == pods_of_node_.end()) return nullptr;
  const schema::SourcePod* newest = nullptr;
  const auto age = [](const schema::SourcePod& pod) {
    return std::tuple(!pod.deleted(), pod.created_at_us(), pod.generation(), pod.version());
  };
  for (const Slot slot : found->second) {
    const schema::SourcePod& pod = tables.pods.at(slot);
    if (newest == nullptr || age(pod) > age(*newest)) newest = &pod;
  }
  return newest;
}

std::vector<NodeWithPod> KfpTasks::current_nodes(Place place, SourceTables tables) const {
  std::vector<NodeWithPod> nodes;
  for (const Slot slot : places_[place].nodes) {
    const schema::SourceNode& node = tables.nodes.at(slot);
    if (!node.removed() && is_current(slot, tables))
      nodes.push_back({&node, bound_[slot].attempt, pod_of(node.source_id(), tables)});
  }
  return nodes;
}

Outcome KfpTasks::outcome(Place place, SourceTables tables) const {
  return outcome_of(current_nodes(place, tables));
}

Outcome KfpTasks::outcome_of_driver(Place place, SourceTables tables) const {
  for (const Place helper : places_[place].helpers) {
    if (is_driver(places_[helper].role)) return outcome(helper, tables);
  }
  return {};
}

// What is known before the task itself has a node: how its driver fares.
static Outcome before_it(const Outcome& driver) {
  Outcome outcome = driver;
  outcome.started_at_us = 0;
  outcome.finished_at_us = 0;
  outcome.progress.reset();
  if (driver.state == State::failed) {
    outcome.message = driver_failed(driver);
    outcome.finished_at_us = driver.finished_at_us;
    return outcome;
  }
  if (driver.state == State::skipped) return outcome;
  outcome.state = State::queued;
  if (driver.state == State::running) outcome.message = "Its driver is at work";
  if (driver.state == State::queued && !driver.message.empty())
    outcome.message = "Its driver waits: " + driver.message;
  return outcome;
}

std::string KfpTasks::why_skipped(Place place, const Outcome& outcome, SourceTables tables) const {
  if (omitted(outcome) || !kfp_) return outcome.message;
  for (const Place helper : places_[place].helpers) {
    const PlaceState& state = places_[helper];
    if (!is_driver(state.role)) continue;
    std::string expression = state.told == nullptr ? "" : state.told->condition();
    for (const Slot slot : state.nodes) {
      if (!tables.nodes.at(slot).expression().empty())
        expression = tables.nodes.at(slot).expression();
    }
    if (!expression.empty()) return "Its condition is not met: " + expression;
  }
  return outcome.message;
}

// KFP's container task: a DAG of its own, a driver beside it, the executor's pod in it.
Outcome KfpTasks::outcome_of_task(Place place, SourceTables tables) const {
  const Outcome own = outcome(place, tables);
  const Outcome driver = outcome_of_driver(place, tables);
  Outcome work;
  for (const Place helper : places_[place].helpers) {
    if (places_[helper].role == Role::executor) work = outcome(helper, tables);
  }
  if (!own.known()) return driver.known() ? before_it(driver) : Outcome();
  if (own.state == State::skipped) {
    Outcome skipped = own;
    if (omitted(own) && driver.state == State::failed) {
      skipped.state = State::failed;
      skipped.message = driver_failed(driver);
    } else {
      skipped.message = why_skipped(place, own, tables);
    }
    return skipped;
  }
  const bool cached = driver.node != nullptr && driver.node->cached() == "true";
  if (cached || work.state == State::skipped) {
    Outcome from_cache = own;
    if (own.state != State::failed) from_cache.state = State::cached;
    from_cache.message.clear();
    if (from_cache.finished_at_us == 0 && work.known())
      from_cache.finished_at_us = work.finished_at_us;
    return from_cache;
  }
  if (!work.known()) {
    Outcome waits = own;
    if (!own.final()) {
      waits.state = State::queued;
      waits.started_at_us = 0;
    }
    return waits;
  }
  if (own.final()) {
    work.state = own.state;
    work.finished_at_us = own.finished_at_us;
    if (work.message.empty() || own.state == State::succeeded) work.message = own.message;
  } else if (own.state == State::retrying) {
    work.state = State::retrying;
    work.finished_at_us = 0;
  } else if (work.state == State::succeeded) {
    work.state = State::running;  // the group above has not noted it yet
    work.finished_at_us = 0;
  }
  return work;
}

Outcome KfpTasks::outcome_of_items(const ItemCounts& items) {
  const auto count = [&](State state) { return items.of[static_cast<std::size_t>(state)]; };
  std::uint32_t ended = 0;
  std::uint32_t open = 0;
  for (std::size_t i = 0; i < kStates; ++i)
    (has_ended(static_cast<State>(i)) ? ended : open) += items.of[i];
  Outcome outcome;
  if (ended + open == 0) return outcome;
  outcome.started_at_us = items.started_at_us;
  if (open > 0) {
    const bool begun = ended > 0 || open > count(State::queued) + count(State::pending);
    outcome.state = begun ? State::running : State::queued;
    return outcome;
  }
  outcome.finished_at_us = items.finished_at_us;
  for (const State state : {State::failed, State::cancelled, State::succeeded, State::cached}) {
    if (count(state) == 0) continue;
    outcome.state = state;
    return outcome;
  }
  outcome.state = State::skipped;
  return outcome;
}

Outcome KfpTasks::outcome_of_group(Place place, SourceTables tables) const {
  Outcome own = outcome(place, tables);
  if (places_[place].role == Role::loop && !own.known()) {
    const Outcome items = outcome_of_items(places_[place].items);
    if (items.known()) return items;
  }
  const Outcome driver = outcome_of_driver(place, tables);
  if (!own.known()) return driver.known() ? before_it(driver) : own;
  if (own.state == State::skipped) {
    if (omitted(own) && driver.state == State::failed) {
      own.state = State::failed;
      own.message = driver_failed(driver);
    } else {
      own.message = why_skipped(place, own, tables);
    }
  } else if (driver.state == State::failed && own.message.empty()) {
    own.message = driver_failed(driver);
  }
  return own;
}

// A stop is no failure of the task, and what had not begun when all ended will not.
void KfpTasks::note_end(SourceTask& task) const {
  const bool failed = task.state == State::failed || task.state == State::retrying;
  if (!workflow_->shutdown().empty() && failed && was_stopped(task.message)) {
    task.state = State::cancelled;
  } else if (workflow_->deleted() && !has_ended(task.state)) {
    task.state = State::cancelled;
    task.message = "The workflow was deleted in the cluster";
    task.finished_at_us = workflow_->finished_at_us();
  }
}

void KfpTasks::count_attempts(Place place, SourceTables tables, SourceTask& task) const {
  Place work = place;
  for (const Place helper : places_[place].helpers) {
    if (places_[helper].role == Role::executor) work = helper;
  }
  for (const Slot slot : places_[work].nodes) {
    const schema::SourceNode& node = tables.nodes.at(slot);
    if (!node.removed() && node.type() != "Retry" && node.type() != "Skipped") ++task.attempt;
  }
  for (const std::string& name : {places_[work].template_name, places_[place].template_name}) {
    const schema::WorkflowTemplate* told = template_of(name);
    if (told != nullptr && told->retries() > 0 && task.attempts_max == 0)
      task.attempts_max = told->retries() + 1;
  }
}

std::vector<std::string> KfpTasks::depends_on(Place place) const {
  const PlaceState& state = places_[place];
  std::vector<std::string> paths;
  if (state.index >= 0 || state.parent == kNowhere) return paths;
  const auto add = [&](const std::string& name) {
    const auto found = find(state.parent, name, -1);
    if (!found) return;
    const Place owner = places_[*found].owner;
    if (owner == place || !is_shown(places_[owner].role)) return;
    const std::string& path = places_[owner].path;
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  };
  if (state.told != nullptr)
    std::for_each(state.told->depends_on().begin(), state.told->depends_on().end(), add);
  for (const Place helper : state.helpers) {
    const PlaceState& driver = places_[helper];
    if (driver.role == Role::driver && driver.told != nullptr)
      std::for_each(driver.told->depends_on().begin(), driver.told->depends_on().end(), add);
  }
  // What hooks into the end of another follows it.
  constexpr std::string_view kHook = ".onExit";
  const bool in_hook = places_[state.parent].role == Role::exit_hook;
  const PlaceState& hook = in_hook ? places_[state.parent] : state;
  if (paths.empty() && hook.name.size() > kHook.size() &&
      hook.name.compare(hook.name.size() - kHook.size(), kHook.size(), kHook) == 0) {
    const auto base = find(hook.parent, hook.name.substr(0, hook.name.size() - kHook.size()), -1);
    if (base && is_shown(places_[*base].role)) paths.push_back(places_[*base].path);
  }
  return paths;
}

std::string KfpTasks::item_text(Place place, SourceTables tables) const {
  const PlaceState& state = places_[place];
  if (!kfp_) return state.item;
  // KFP's items are known by the driver of the loop, where they are constants.
  Place loop = state.parent;
  while (loop != kNowhere && places_[loop].role != Role::loop) loop = places_[loop].parent;
  if (loop == kNowhere) return "";
  const auto at = [&](const auto& items) {
    return state.index < items.size() ? items.Get(state.index) : std::string();
  };
  for (const Place helper : places_[loop].helpers) {
    if (places_[helper].role != Role::loop_driver) continue;
    if (places_[helper].told != nullptr && places_[helper].told->items_size() > 0)
      return at(places_[helper].told->items());
    for (const Slot slot : places_[helper].nodes) {
      if (tables.nodes.at(slot).items_size() > 0) return at(tables.nodes.at(slot).items());
    }
  }
  return "";
}

std::string KfpTasks::display_name(Place place, SourceTables tables) const {
  for (const Place helper : places_[place].helpers) {
    const PlaceState& driver = places_[helper];
    if (driver.role != Role::driver && driver.role != Role::loop_driver) continue;
    if (driver.told != nullptr && !driver.told->display_name().empty())
      return driver.told->display_name();
    for (const Slot slot : driver.nodes) {
      if (!tables.nodes.at(slot).display_task().empty())
        return tables.nodes.at(slot).display_task();
    }
  }
  return places_[place].name;
}

SourceTask KfpTasks::task_at(Place place, SourceTables tables) const {
  const PlaceState& state = places_[place];
  SourceTask task;
  task.path = state.path;
  if (state.parent != kNowhere) task.parent = places_[state.parent].inside;
  task.depends_on = depends_on(place);
  if (state.index >= 0) {
    task.index = state.index;
    task.item = item_text(place, tables);
    task.name = task.item.empty() || task.item.size() > kItemName
                    ? fmt::format("item {}", state.index)
                    : task.item;
  } else {
    task.name = display_name(place, tables);
  }
  Outcome outcome;
  switch (state.role) {
    case Role::loop: task.kind = TaskKind::loop; break;
    case Role::iteration: task.kind = TaskKind::iteration; break;
    case Role::group: task.kind = TaskKind::group; break;
    default: task.kind = TaskKind::task;
  }
  if (task.kind != TaskKind::task) {
    outcome = outcome_of_group(place, tables);
  } else {
    const bool with_driver = kfp_ && !state.helpers.empty();
    outcome = with_driver ? outcome_of_task(place, tables) : this->outcome(place, tables);
    count_attempts(place, tables, task);
  }
  if (outcome.known()) {
    task.state = outcome.state;
    task.message = outcome.message;
    task.started_at_us = outcome.started_at_us;
    task.finished_at_us = outcome.finished_at_us;
    task.progress = outcome.progress;
  } else if (ended_above(place)) {
    task.state = State::skipped;
  }
  note_end(task);
  return task;
}

std::string KfpTasks::run_failure(SourceTables tables) const {
  for (Place place = 0; place < places_.size() && place < 16; ++place) {
    if (places_[place].role != Role::run_driver) continue;
    const Outcome driver = outcome(place, tables);
    if (driver.state == State::failed) return "The run's driver failed: " + driver.message;
  }
  return "";
}

}  // namespace telltale::fold
