// The places of a workflow's tree: which there are, what holds what, which node stands where.
#include "fold/kfp_tasks.h"

#include <algorithm>

#include "base/limits.h"
#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

using Shape = RoleQuestion::Shape;

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// What a node's name has beyond its group's: ".train", "[1].train", "[1]".
std::string_view below(const schema::SourceNode& node, std::string_view group) {
  std::string_view rest = node.name();
  if (!starts_with(rest, group)) return node.display_name();
  rest.remove_prefix(group.size());
  if (starts_with(rest, "[")) {
    const std::size_t end = rest.find("].");
    if (end != std::string_view::npos) rest.remove_prefix(end + 2);
  } else if (starts_with(rest, ".")) {
    rest.remove_prefix(1);
  }
  return rest;
}

std::string join(const std::string& path, const std::string& name) {
  std::string segment;
  for (const char c : name) {
    if (c == '/') {
      segment += "%2F";
    } else {
      segment += c;
    }
  }
  return path.empty() ? segment : path + "/" + segment;
}

std::string key_of(std::uint32_t parent, const std::string& name, std::int32_t index) {
  return std::to_string(parent) + '/' + std::to_string(index) + '/' + name;
}

bool holds_others(const std::string& type) {
  return type == "DAG" || type == "Steps" || type == "TaskGroup";
}

}  // namespace

void KfpTasks::rebuild(std::shared_ptr<const schema::Workflow> workflow,
                       std::shared_ptr<const schema::WorkflowTemplates> templates,
                       SourceTables tables) {
  *this = KfpTasks();
  workflow_ = std::move(workflow);
  templates_ = std::move(templates);
  NewPlace top;
  if (templates_ != nullptr) {
    templates_bytes_ = templates_->SpaceUsedLong();
    for (const schema::WorkflowTemplate& told : templates_->templates())
      template_by_name_.emplace(told.name(), &told);
    top.template_name = templates_->entrypoint();
  }
  kfp_ = template_by_name_.contains("system-dag-driver") ||
         (template_by_name_.empty() && workflow_->source() == "kfp");
  top.name = top.template_name.empty() ? workflow_->name() : top.template_name;
  add(std::move(top));
  expand(0);
  if (templates_ != nullptr && !templates_->on_exit().empty()) {
    NewPlace hook{0, "onExit", -1, "", templates_->on_exit(), nullptr, nullptr, true};
    expand(add(std::move(hook)));
  }
  for (Slot pod = 0; pod < tables.pods.size(); ++pod)
    pods_of_node_[tables.pods.at(pod).node_id()].push_back(pod);
  for (Slot node = 0; node < tables.nodes.size(); ++node) place_node(node, tables);
  mark_below(0);
}

void KfpTasks::head_told(std::shared_ptr<const schema::Workflow> workflow, SourceTables tables) {
  const bool ended = run_ended();
  const std::shared_ptr<const schema::Workflow> before = std::move(workflow_);
  workflow_ = std::move(workflow);
  if (before == nullptr) {
    rebuild(workflow_, templates_, tables);
  } else if (ended != run_ended() || before->shutdown() != workflow_->shutdown() ||
             before->deleted() != workflow_->deleted()) {
    mark_below(0);
  }
}

void KfpTasks::node_told(Slot node, SourceTables tables) {
  if (workflow_ == nullptr) return;
  if (node < bound_.size() && bound_[node].place != kNowhere) {
    fit_role(bound_[node].place, tables.nodes.at(node));
    refresh(node, tables);
  } else {
    place_node(node, tables);
  }
}

void KfpTasks::pod_told(Slot pod, SourceTables tables) {
  const std::string& node_id = tables.pods.at(pod).node_id();
  std::vector<Slot>& pods = pods_of_node_[node_id];
  if (std::find(pods.begin(), pods.end(), pod) == pods.end()) pods.push_back(pod);
  const std::optional<Slot> node = tables.nodes.find(node_id);
  if (node && *node < bound_.size() && bound_[*node].place != kNowhere) refresh(*node, tables);
}

// Places the node, and those that waited for it.
void KfpTasks::place_node(Slot first, SourceTables tables) {
  std::vector<Slot> slots = {first};
  while (!slots.empty()) {
    const Slot slot = slots.back();
    slots.pop_back();
    const schema::SourceNode& node = tables.nodes.at(slot);
    if (bound_.size() <= slot) bound_.resize(std::size_t{slot} + 1);
    if (bound_[slot].place != kNowhere || node.name().empty()) continue;
    const std::optional<Bound> bound = find_place(slot, tables);
    if (!bound) {
      waiting_[node.boundary()].push_back(slot);
      continue;
    }
    bind(slot, *bound, tables);
    const auto waiting = waiting_.find(node.source_id());
    if (waiting == waiting_.end()) continue;
    slots.insert(slots.end(), waiting->second.rbegin(), waiting->second.rend());
    waiting_.erase(waiting);
  }
}

std::optional<KfpTasks::Bound> KfpTasks::find_place(Slot slot, SourceTables tables) {
  const schema::SourceNode& node = tables.nodes.at(slot);
  Place group = 0;
  Slot group_node = kNoSlot;
  std::string_view group_name = workflow_->name();
  if (!node.boundary().empty()) {
    const std::optional<Slot> found = tables.nodes.find(node.boundary());
    if (!found || *found >= bound_.size() || bound_[*found].place == kNowhere) return std::nullopt;
    group_node = *found;
    group = bound_[*found].place;
    group_name = tables.nodes.at(*found).name();
  } else if (node.name() == group_name) {
    return Bound{0, -1, kNoSlot};
  }
  const Segment segment = parse_segment(below(node, group_name));
  if (segment.name.empty()) return Bound{group, segment.attempt, group_node};
  if (segment.index >= 0) {
    const Place loop = child(group, segment.name, nullptr);
    return Bound{item_of(loop, segment, node), segment.attempt, group_node};
  }
  return Bound{child(group, segment.name, &node), segment.attempt, group_node};
}

std::optional<KfpTasks::Place> KfpTasks::find(Place parent, const std::string& name,
                                              std::int32_t index) const {
  const auto found = place_by_key_.find(key_of(parent, name, index));
  return found == place_by_key_.end() ? std::nullopt : std::optional<Place>(found->second);
}

// `node`: of the place itself; none where it is known by what stands beside or in it.
KfpTasks::Place KfpTasks::child(Place parent, const std::string& name,
                                const schema::SourceNode* node) {
  if (const auto found = find(parent, name, -1)) return *found;
  NewPlace from;
  from.parent = parent;
  from.name = name;
  from.told = told_in(parent, name);
  from.node = node;
  if (from.told != nullptr) {
    from.template_name = from.told->template_();
  } else if (node != nullptr) {
    from.template_name = node->template_();
  }
  from.hooked = node != nullptr && node->hooked();
  return add(std::move(from));
}

KfpTasks::Place KfpTasks::item_of(Place loop, const Segment& segment,
                                  const schema::SourceNode& node) {
  places_[loop].loops = true;
  if (places_[loop].role == Role::task || places_[loop].role == Role::group)
    places_[loop].role = Role::loop;
  if (const auto found = find(loop, segment.name, segment.index)) return *found;
  NewPlace from;
  from.parent = loop;
  from.name = segment.name;
  from.index = segment.index;
  from.item = segment.item;
  from.told = places_[loop].told;
  from.template_name = from.told != nullptr ? from.told->template_() : node.template_();
  from.node = &node;
  return add(std::move(from));
}

KfpTasks::Place KfpTasks::add(NewPlace from) {
  const Place place = static_cast<Place>(places_.size());
  RoleQuestion question;
  question.kfp = kfp_;
  question.top = from.parent == kNowhere;
  if (!question.top) question.parent = places_[from.parent].role;
  question.name = from.name;
  question.template_name = from.template_name;
  if (from.told != nullptr) question.task_name = from.told->task_name();
  if (from.node != nullptr && !from.node->task_name().empty())
    question.task_name = from.node->task_name();
  question.index = from.index;
  question.loops = from.index < 0 && ((from.told != nullptr && from.told->loop()) ||
                                      (from.node != nullptr && from.node->type() == "TaskGroup"));
  question.hooked = from.hooked;
  question.shape = shape_of(from.template_name, from.node);

  PlaceState& state = places_.emplace_back();
  state.parent = from.parent;
  state.role = decide_role(question);
  state.name = from.name;
  state.item = std::move(from.item);
  state.index = from.index;
  state.template_name = std::move(from.template_name);
  state.told = from.told;
  state.loops = question.loops;
  state.hooked = from.hooked;
  if (from.parent != kNowhere) {
    places_[from.parent].children.push_back(place);
    place_by_key_.emplace(key_of(from.parent, from.name, from.index), place);
  }
  const Place owner = owner_of(place);
  places_[place].owner = owner;
  if (owner != place) places_[owner].helpers.push_back(place);
  set_paths(place);
  mark(owner);
  return place;
}

RoleQuestion::Shape KfpTasks::shape_of(const std::string& template_name,
                                       const schema::SourceNode* node) const {
  if (const schema::WorkflowTemplate* told = template_of(template_name))
    return told->kind() == schema::WorkflowTemplate::LEAF ? Shape::leaf : Shape::dag;
  if (node == nullptr || node->type() == "Retry" || node->type() == "Skipped")
    return Shape::unknown;
  return holds_others(node->type()) ? Shape::dag : Shape::leaf;
}

KfpTasks::Place KfpTasks::owner_of(Place place) {
  const PlaceState& state = places_[place];
  if (is_shown(state.role)) return place;
  switch (state.role) {
    case Role::driver: return driven_place(place);
    case Role::executor:
    case Role::loop_driver:
    case Role::iterations:
    case Role::iteration_driver:
    case Role::iteration_body:
    case Role::exit_hook:
    case Role::step_group: return places_[state.parent].owner;
    default: return 0;
  }
}

// What a driver drives stands beside it, maybe not known yet.
KfpTasks::Place KfpTasks::driven_place(Place driver) {
  const PlaceState& state = places_[driver];
  const Place parent = state.parent;
  const std::string_view task_name =
      state.told == nullptr ? std::string_view() : state.told->task_name();
  const std::string name(driven_by(state.name, task_name));
  if (name.empty()) return places_[parent].owner;
  if (const auto found = find(parent, name, -1)) return *found;
  NewPlace from;
  from.parent = parent;
  from.name = name;
  from.told = told_in(parent, name);
  if (from.told != nullptr) {
    from.template_name = from.told->template_();
  } else {
    const bool container = state.template_name.find("container-driver") != std::string::npos;
    from.template_name = container ? "system-container-executor" : "comp-" + name;
  }
  return add(std::move(from));
}

void KfpTasks::set_paths(Place place) {
  PlaceState& state = places_[place];
  const std::string outside = state.parent == kNowhere ? "" : places_[state.parent].inside;
  if (!is_shown(state.role)) {
    const bool of_owner = state.role != Role::exit_hook && state.role != Role::step_group &&
                          is_shown(places_[state.owner].role);
    state.inside = of_owner ? places_[state.owner].path : outside;
    return;
  }
  const std::string path =
      join(outside, state.index >= 0 ? std::to_string(state.index) : state.name);
  state.path = path;
  // Two places of one path are none of Kubeflow's making; a name of Argo's can do it.
  for (int more = 2; place_by_path_.contains(state.path); ++more)
    state.path = path + " (" + std::to_string(more) + ")";
  place_by_path_.emplace(state.path, place);
  // What hooks into a workflow of one task stands beside that task.
  state.inside = state.parent == kNowhere ? "" : state.path;
}

const schema::WorkflowTemplate* KfpTasks::template_of(const std::string& name) const {
  const auto found = template_by_name_.find(name);
  return found == template_by_name_.end() ? nullptr : found->second;
}

const schema::TemplateTask* KfpTasks::told_in(Place parent, const std::string& name) const {
  const schema::WorkflowTemplate* told = template_of(places_[parent].template_name);
  if (told == nullptr) return nullptr;
  for (const schema::TemplateTask& task : told->tasks()) {
    if (task.name() == name) return &task;
  }
  return nullptr;
}

bool KfpTasks::may_expand(const PlaceState& state) const {
  if (state.expanded || state.loops) return false;
  if (kfp_ && (state.role == Role::task || state.role == Role::importer)) return false;
  const schema::WorkflowTemplate* told = template_of(state.template_name);
  if (told == nullptr || told->kind() == schema::WorkflowTemplate::LEAF) return false;
  if (!state.nodes.empty()) return true;
  if (to_come_ >= limits::kTasksToCome) return false;
  // A template that comes back to itself goes on when a node says so.
  for (Place above = state.parent; above != kNowhere; above = places_[above].parent) {
    if (places_[above].template_name == state.template_name && !places_[above].loops) return false;
  }
  return true;
}

// By levels, so that what is cut off at the limit is the deepest.
void KfpTasks::expand(Place place) {
  std::vector<Place> level = {place};
  while (!level.empty()) {
    std::vector<Place> next;
    for (const Place at : level) {
      if (may_expand(places_[at])) expand_one(at, next);
    }
    level = std::move(next);
  }
}

void KfpTasks::expand_one(Place place, std::vector<Place>& made) {
  const schema::WorkflowTemplate& told = *template_of(places_[place].template_name);
  places_[place].expanded = true;
  const auto make = [&](NewPlace from) {
    const std::size_t before = places_.size();
    Place added = 0;
    if (const auto found = find(place, from.name, -1)) {
      added = *found;
    } else {
      added = add(std::move(from));
    }
    for (std::size_t at = before; at < places_.size(); ++at) {
      places_[at].to_come = true;
      ++to_come_;
    }
    made.push_back(added);
  };
  for (const schema::TemplateTask& task : told.tasks()) {
    make({place, task.name(), -1, "", task.template_(), &task, nullptr, false});
    if (!task.exit_hook().empty())
      make({place, task.name() + ".onExit", -1, "", task.exit_hook(), nullptr, nullptr, true});
  }
}

void KfpTasks::bind(Slot slot, Bound bound, SourceTables tables) {
  const schema::SourceNode& node = tables.nodes.at(slot);
  bound_[slot] = bound;
  PlaceState& state = places_[bound.place];
  state.nodes.push_back(slot);
  if (std::exchange(state.to_come, false)) --to_come_;
  if (state.template_name.empty()) state.template_name = node.template_();
  state.hooked |= node.hooked();
  fit_role(bound.place, node);
  if (node.type() != "Skipped") expand(bound.place);
  refresh(slot, tables);
  if (bound.attempt <= 0) return;
  // What an earlier attempt of it left below counts no more.
  for (const Place place : mark_below(bound.place)) {
    if (place != bound.place && !places_[place].children.empty())
      places_[place].ended = outcome(place, tables).final();
  }
}

// Of a plain workflow: what holds others shows it by its node at the latest.
void KfpTasks::fit_role(Place place, const schema::SourceNode& node) {
  PlaceState& state = places_[place];
  if (kfp_) return;
  if (state.role == Role::task && holds_others(node.type())) {
    if (state.parent == kNowhere) {
      mark_below(place);
      state.role = Role::run;
    } else {
      state.role = state.index >= 0 ? Role::iteration : Role::group;
    }
  }
  if (node.type() == "TaskGroup" && state.role == Role::group) {
    state.role = Role::loop;
    state.loops = true;
  }
  if (node.type() == "Container" && state.parent != kNowhere &&
      places_[state.parent].role == Role::task) {
    places_[state.parent].role = Role::group;
    mark(state.parent);
  }
}

void KfpTasks::refresh(Slot slot, SourceTables tables) {
  const Place place = bound_[slot].place;
  mark(places_[place].owner);
  if (places_[place].index >= 0) count_item(place, tables);
  if (places_[place].children.empty()) return;
  const bool ended = outcome(place, tables).final();
  if (std::exchange(places_[place].ended, ended) != ended) mark_below(place);
}

void KfpTasks::count_item(Place item, SourceTables tables) {
  const Outcome outcome = this->outcome(item, tables);
  PlaceState& loop = places_[places_[item].parent];
  ItemCounts& items = loop.items;
  State& told = places_[item].told_state;
  if (told != State::unspecified) --items.of[static_cast<std::size_t>(told)];
  told = outcome.state;
  if (told != State::unspecified) ++items.of[static_cast<std::size_t>(told)];
  const std::int64_t began = outcome.started_at_us;
  if (began != 0 && (items.started_at_us == 0 || began < items.started_at_us))
    items.started_at_us = began;
  items.finished_at_us = std::max(items.finished_at_us, outcome.finished_at_us);
  mark(loop.owner);
}

void KfpTasks::mark(Place place) {
  PlaceState& state = places_[place];
  if (!is_shown(state.role) || state.changed) return;
  state.changed = true;
  changed_.push_back(place);
}

std::vector<KfpTasks::Place> KfpTasks::mark_below(Place first) {
  std::vector<Place> places = {first};
  for (std::size_t at = 0; at < places.size(); ++at) {
    const PlaceState& state = places_[places[at]];
    mark(places[at]);
    mark(state.owner);
    places.insert(places.end(), state.children.begin(), state.children.end());
  }
  return places;
}

std::vector<SourceTask> KfpTasks::take_changed(SourceTables tables) {
  std::vector<Place> places = std::move(changed_);
  changed_.clear();
  // A place is made after the one that holds it.
  std::sort(places.begin(), places.end());
  std::vector<SourceTask> tasks;
  for (const Place place : places) {
    places_[place].changed = false;
    if (is_shown(places_[place].role)) tasks.push_back(task_at(place, tables));
  }
  return tasks;
}

std::vector<std::string> KfpTasks::paths() const {
  std::vector<std::string> paths;
  for (const PlaceState& state : places_) {
    if (is_shown(state.role)) paths.push_back(state.path);
  }
  return paths;
}

std::optional<KfpTasks::NodePlace> KfpTasks::place_of(Slot node) const {
  if (node >= bound_.size() || bound_[node].place == kNowhere) return std::nullopt;
  const PlaceState& state = places_[bound_[node].place];
  const PlaceState& owner = places_[state.owner];
  return NodePlace{state.role, is_shown(owner.role) ? owner.path : ""};
}

std::size_t KfpTasks::bytes() const {
  // A place, its path and inside, and what finds it.
  constexpr std::size_t kPlaceBytes = sizeof(PlaceState) + 384;
  const std::size_t told =
      (workflow_ == nullptr ? 0 : workflow_->SpaceUsedLong()) + templates_bytes_;
  return told + places_.size() * kPlaceBytes + bound_.size() * 2 * sizeof(Bound);
}

std::vector<Slot> KfpTasks::pods_of(const std::string& node_id) const {
  const auto found = pods_of_node_.find(node_id);
  return found == pods_of_node_.end() ? std::vector<Slot>() : found->second;
}

}  // namespace telltale::fold
