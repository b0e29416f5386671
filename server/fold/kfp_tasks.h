// KfpTasks: decides which of a workflow's nodes is a user's task and what that task shows, from the
// nodes, the templates (tasks to come) and the pods. Its places are the workflow's tree without
// attempts: each holds the nodes of one place, and belongs to the task it tells of. A pure function
// of what the tables hold: it keeps nothing that rebuild() would not find again, and follows a
// change at a cost of the change. Owned by RunView; the tables are given with each call.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fold/fact_table.h"
#include "fold/kfp_outcome.h"
#include "fold/kfp_roles.h"
#include "fold/run_state.h"

namespace telltale::schema {
class SourceNode;
class SourcePod;
class TemplateTask;
class Workflow;
class WorkflowTemplate;
class WorkflowTemplates;
}  // namespace telltale::schema

namespace telltale::fold {

using NodeTable = FactTable<schema::SourceNode>;
using PodTable = FactTable<schema::SourcePod>;

// A task as a whole value: what was before counts for nothing.
struct SourceTask {
  std::string path;
  std::string name;
  std::string parent;
  TaskKind kind = TaskKind::task;
  std::string item;
  std::int32_t index = 0;
  std::vector<std::string> depends_on;
  State state = State::pending;
  std::string message;
  std::int32_t attempt = 0;
  std::int32_t attempts_max = 0;
  std::int64_t started_at_us = 0;
  std::int64_t finished_at_us = 0;
  std::optional<ProgressState> progress;
};

struct SourceTables {
  const NodeTable& nodes;
  const PodTable& pods;
};

class KfpTasks {
 public:
  using Place = std::uint32_t;

  // Everything again: the templates are new. `workflow` is without them.
  void rebuild(std::shared_ptr<const schema::Workflow> workflow,
               std::shared_ptr<const schema::WorkflowTemplates> templates, SourceTables tables);
  void head_told(std::shared_ptr<const schema::Workflow> workflow, SourceTables tables);
  void node_told(Slot node, SourceTables tables);
  void pod_told(Slot pod, SourceTables tables);

  // Of the tasks that may look other than they did when this was last asked, groups first.
  std::vector<SourceTask> take_changed(SourceTables tables);
  // All of them.
  std::vector<std::string> paths() const;

  struct NodePlace {
    Role role = Role::run;
    std::string task_path;  // of the task it belongs to; empty: the run
  };
  std::optional<NodePlace> place_of(Slot node) const;
  std::vector<Slot> pods_of(const std::string& node_id) const;
  // With the workflow and its templates.
  std::size_t bytes() const;
  // Why the run failed, where no task shows it.
  std::string run_failure(SourceTables tables) const;

 private:
  static constexpr Place kNowhere = UINT32_MAX;

  // How a loop's items fare: steps have no node for a loop as such.
  struct ItemCounts {
    std::array<std::uint32_t, kStates> of{};
    std::int64_t started_at_us = 0;   // the first one
    std::int64_t finished_at_us = 0;  // the last one
  };
  struct PlaceState {
    Place parent = kNowhere;
    Place owner = 0;  // whose task it tells of; itself if it is shown
    Role role = Role::run;
    std::string name;
    std::string item;
    std::int32_t index = -1;
    std::string template_name;
    const schema::TemplateTask* told = nullptr;  // in templates_
    std::string path;                            // of the task, if it is shown
    std::string inside;                          // path of what it holds
    std::vector<Slot> nodes;
    std::vector<Place> children;
    std::vector<Place> helpers;             // those it owns, itself left out
    State told_state = State::unspecified;  // of an item: as its loop has counted it
    ItemCounts items;                       // of a loop
    bool loops = false;                     // of a loop, not of one of its items
    bool hooked = false;
    bool to_come = false;  // only templates tell of it
    bool expanded = false;
    bool ended = false;  // what it holds and has not begun will not
    bool changed = false;
  };
  // What a place is made from.
  struct NewPlace {
    Place parent = kNowhere;
    std::string name;
    std::int32_t index = -1;
    std::string item;
    std::string template_name;
    const schema::TemplateTask* told = nullptr;
    const schema::SourceNode* node = nullptr;
    bool hooked = false;
  };
  struct Bound {
    Place place = kNowhere;
    std::int32_t attempt = -1;
    Slot group = kNoSlot;  // node of the group it stands in
  };

  Place add(NewPlace from);
  Place child(Place parent, const std::string& name, const schema::SourceNode* node);
  Place item_of(Place loop, const Segment& segment, const schema::SourceNode& node);
  Place owner_of(Place place);
  Place driven_place(Place driver);
  void set_paths(Place place);
  void expand(Place place);
  void expand_one(Place place, std::vector<Place>& made);
  bool may_expand(const PlaceState& place) const;
  const schema::WorkflowTemplate* template_of(const std::string& name) const;
  const schema::TemplateTask* told_in(Place parent, const std::string& name) const;
  RoleQuestion::Shape shape_of(const std::string& template_name,
                               const schema::SourceNode* node) const;
  std::optional<Place> find(Place parent, const std::string& name, std::int32_t index) const;

  void place_node(Slot slot, SourceTables tables);
  // Where it belongs; nowhere while the group it stands in is not known.
  std::optional<Bound> find_place(Slot slot, SourceTables tables);
  void bind(Slot slot, Bound bound, SourceTables tables);
  void fit_role(Place place, const schema::SourceNode& node);
  void refresh(Slot slot, SourceTables tables);
  void count_item(Place item, SourceTables tables);
  void mark(Place place);
  std::vector<Place> mark_below(Place place);  // all of them, itself first

  bool is_current(Slot slot, SourceTables tables) const;
  std::vector<NodeWithPod> current_nodes(Place place, SourceTables tables) const;
  const schema::SourcePod* pod_of(const std::string& node_id, SourceTables tables) const;
  Outcome outcome(Place place, SourceTables tables) const;
  Outcome outcome_of_driver(Place place, SourceTables tables) const;
  Outcome outcome_of_task(Place place, SourceTables tables) const;
  Outcome outcome_of_group(Place place, SourceTables tables) const;
  static Outcome outcome_of_items(const ItemCounts& items);
  std::string why_skipped(Place place, const Outcome& outcome, SourceTables tables) const;
  void note_end(SourceTask& task) const;
  bool ended_above(Place place) const;
  bool run_ended() const;
  void count_attempts(Place place, SourceTables tables, SourceTask& task) const;
  std::vector<std::string> depends_on(Place place) const;
  std::string display_name(Place place, SourceTables tables) const;
  std::string item_text(Place place, SourceTables tables) const;
  SourceTask task_at(Place place, SourceTables tables) const;

  std::shared_ptr<const schema::Workflow> workflow_;
  std::shared_ptr<const schema::WorkflowTemplates> templates_;
  std::unordered_map<std::string, const schema::WorkflowTemplate*> template_by_name_;
  std::size_t templates_bytes_ = 0;
  bool kfp_ = false;
  std::vector<PlaceState> places_;
  std::unordered_map<std::string, Place> place_by_key_;
  std::unordered_map<std::string, Place> place_by_path_;
  std::size_t to_come_ = 0;   // places that were made for templates alone
  std::vector<Bound> bound_;  // by slot of the node
  std::unordered_map<std::string, std::vector<Slot>> waiting_;  // for the group of that id
  std::unordered_map<std::string, std::vector<Slot>> pods_of_node_;
  std::vector<Place> changed_;
};

}  // namespace telltale::fold
