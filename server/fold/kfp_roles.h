// What a node of an Argo Workflow is in the pipeline its user wrote: which of them are tasks, and
// which are the machinery around one: drivers, launchers, Retry wrappers, the plumbing of loops.
// Decided by the name of the template first, by the node's own name second: a user may call a task
// "x-driver". Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace telltale::fold {

enum class Role : std::uint8_t {
  run,  // the entrypoint
  run_driver,
  root,  // KFP's root DAG
  task,
  driver,    // of a task or a group
  executor,  // the pod with the user's code
  importer,  // a task of one pod
  group,     // nested pipeline, condition, exit handler; a DAG or steps of a plain workflow
  loop,
  loop_driver,
  iterations,  // what holds a loop's iterations together
  iteration,
  iteration_driver,
  iteration_body,
  exit_hook,   // holds a pipeline's exit task
  step_group,  // steps that run together
};

const char* name_of(Role role);
// Those that are shown: each is a task of the run, maybe one that holds others.
bool is_shown(Role role);

// One step of a node's path: "train(1:two)(0)" is the first attempt of item 1.
struct Segment {
  std::string name;
  std::string item;
  std::int32_t index = -1;    // of a loop's item
  std::int32_t attempt = -1;  // from 0
};

// `text` is what a node's name has beyond that of the group it stands in.
Segment parse_segment(std::string_view text);

struct RoleQuestion {
  enum class Shape { unknown, leaf, dag };

  bool kfp = false;  // compiled by KFP v2
  bool top = false;  // the node that is the whole workflow
  Role parent = Role::run;
  std::string_view name;
  std::string_view template_name;
  std::string_view task_name;  // of a driver: the task it drives, if it says so
  std::int32_t index = -1;
  bool loops = false;  // the place of a loop, not one of its items
  bool hooked = false;
  Shape shape = Shape::unknown;
};

Role decide_role(const RoleQuestion& question);
// The name of what a driver called `name` drives.
std::string_view driven_by(std::string_view name, std::string_view task_name);

}  // namespace telltale::fold
