#include "fold/kfp_roles.h"

#include <charconv>

namespace telltale::fold {
namespace {

constexpr std::string_view kDriver = "-driver";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// "(12" from the end of `text`, which ends in ')': its number, and where it begins.
bool number_in_parentheses(std::string_view text, std::size_t& begin, std::int32_t& number) {
  if (text.empty() || text.back() != ')') return false;
  const std::size_t open = text.rfind('(');
  if (open == std::string_view::npos) return false;
  const char* first = text.data() + open + 1;
  const char* last = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(first, last, number);
  begin = open;
  return error == std::errc{} && end == last && number >= 0;
}

Role decide_plain_role(const RoleQuestion& question) {
  using Shape = RoleQuestion::Shape;
  if (question.top) return question.shape == Shape::leaf ? Role::task : Role::run;
  if (starts_with(question.name, "[")) return Role::step_group;
  if (question.loops) return Role::loop;
  if (question.shape != Shape::dag) return Role::task;
  return question.index >= 0 ? Role::iteration : Role::group;
}

Role decide_driver_role(const RoleQuestion& question) {
  if (question.parent == Role::run && question.name == "root-driver") return Role::run_driver;
  if (question.parent == Role::loop && question.name == "iteration-driver")
    return Role::loop_driver;
  if (question.parent == Role::iteration && question.name == "iteration-item-driver")
    return Role::iteration_driver;
  return driven_by(question.name, question.task_name).empty() ? Role::task : Role::driver;
}

Role decide_kfp_role(const RoleQuestion& question) {
  const std::string_view told = question.template_name;
  if (question.top) return Role::run;
  if (ends_with(told, "system-container-driver") || ends_with(told, "system-dag-driver"))
    return decide_driver_role(question);
  if (ends_with(told, "system-container-executor")) return Role::task;
  if (ends_with(told, "system-container-impl")) return Role::executor;
  if (starts_with(told, "system-importer")) return Role::importer;
  if (told == "root" && question.parent == Role::run) return Role::root;
  if (question.hooked && starts_with(told, "exit-hook-")) return Role::exit_hook;
  if (question.parent == Role::loop || question.parent == Role::iterations) {
    if (question.name == "iteration-iterations")
      return question.index >= 0 ? Role::iteration : Role::iterations;
  }
  if (question.parent == Role::iteration && question.name == "iteration-item")
    return Role::iteration_body;
  if (starts_with(told, "comp-") && ends_with(told, "-iterator")) return Role::loop;
  if (starts_with(told, "comp-")) return Role::group;
  return decide_plain_role(question);
}

}  // namespace

const char* name_of(Role role) {
  switch (role) {
    case Role::run: return "run";
    case Role::run_driver: return "run_driver";
    case Role::root: return "root";
    case Role::task: return "task";
    case Role::driver: return "driver";
    case Role::executor: return "executor";
    case Role::importer: return "importer";
    case Role::group: return "group";
    case Role::loop: return "loop";
    case Role::loop_driver: return "loop_driver";
    case Role::iterations: return "iterations";
    case Role::iteration: return "iteration";
    case Role::iteration_driver: return "iteration_driver";
    case Role::iteration_body: return "iteration_body";
    case Role::exit_hook: return "exit_hook";
    case Role::step_group: return "step_group";
  }
  return "";
}

bool is_shown(Role role) {
  return role == Role::task || role == Role::importer || role == Role::group ||
         role == Role::loop || role == Role::iteration;
}

Segment parse_segment(std::string_view text) {
  Segment segment;
  std::size_t begin = 0;
  std::int32_t attempt = -1;
  if (number_in_parentheses(text, begin, attempt)) {
    segment.attempt = attempt;
    text = text.substr(0, begin);
  }
  const std::size_t open = text.find('(');
  const std::size_t colon = text.find(':', open == std::string_view::npos ? 0 : open);
  std::int32_t index = -1;
  if (open != std::string_view::npos && colon != std::string_view::npos && text.back() == ')') {
    const auto [end, error] = std::from_chars(text.data() + open + 1, text.data() + colon, index);
    if (error == std::errc{} && end == text.data() + colon && index >= 0) {
      segment.index = index;
      segment.item = std::string(text.substr(colon + 1, text.size() - colon - 2));
      text = text.substr(0, open);
    }
  }
  segment.name = std::string(text);
  return segment;
}

std::string_view driven_by(std::string_view name, std::string_view task_name) {
  if (!ends_with(name, kDriver) || name.size() == kDriver.size()) return {};
  const std::string_view driven = name.substr(0, name.size() - kDriver.size());
  return task_name.empty() || task_name == driven ? driven : std::string_view();
}

Role decide_role(const RoleQuestion& question) {
  return question.kfp ? decide_kfp_role(question) : decide_plain_role(question);
}

}  // namespace telltale::fold
