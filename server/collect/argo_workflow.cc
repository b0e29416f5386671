#include "collect/argo_workflow.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/json.h"
#include "base/limits.h"
#include "schema/event.pb.h"

namespace telltale::collect {
namespace {

constexpr std::size_t kName = 1'024;  // of Argo's own texts; a node's path repeats its groups
constexpr std::size_t kPath = 8'192;
constexpr std::size_t kWords = 4'096;  // messages
constexpr std::size_t kItems = 1'000;  // of a loop, and of each so many bytes:
constexpr std::size_t kItem = 256;
constexpr std::size_t kParameters = 100;

std::string name_text(std::string_view text) { return cut_text(text, kName); }
std::string words(std::string_view text) { return cut_text(text, kWords); }

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// What KFP gives a driver about its task: the value of its parameter `task`, JSON of a task spec.
struct TaskSpec {
  std::string display_name;
  std::string condition;
  std::vector<std::string> items;
};

TaskSpec read_task_spec(std::string_view json) {
  TaskSpec spec;
  simdjson::dom::parser parser;
  simdjson::dom::element parsed;
  if (json.empty() || parser.parse(json.data(), json.size()).get(parsed) != simdjson::SUCCESS)
    return spec;
  const Json task(parsed);
  spec.display_name = name_text(task["taskInfo"].text("name"));
  spec.condition = words(task["triggerPolicy"].text("condition"));
  const std::string_view raw = task["parameterIterator"]["items"].text("raw");
  simdjson::dom::parser of_items;
  simdjson::dom::element items;
  if (!raw.empty() && of_items.parse(raw.data(), raw.size()).get(items) == simdjson::SUCCESS) {
    Json(items).each([&](Json item) {
      if (spec.items.size() >= kItems) return;
      const std::string_view text = item.text();
      spec.items.push_back(cut_text(text.empty() ? item.json() : text, kItem));
    });
  }
  return spec;
}

// The name by which a template is found: its own, or where it is stored.
std::string template_key(std::string_view own, Json reference, std::string_view scope) {
  if (reference.is_object()) {
    return name_text(fmt::format("{}/{}/{}",
                                 reference.flag("clusterScope") ? "cluster" : "namespaced",
                                 reference.text("name"), reference.text("template")));
  }
  if (own.empty() || scope.empty() || starts_with(scope, "local/")) return name_text(own);
  return name_text(fmt::format("{}/{}", scope, own));
}

// Names in an expression of `depends`: "A.Succeeded && (B || !C.Failed)".
void read_depends(std::string_view expression, schema::TemplateTask& out) {
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  std::size_t at = 0;
  while (at < expression.size()) {
    std::size_t end = at;
    while (end < expression.size() && is_name(expression[end])) ++end;
    if (end == at) {
      // What follows a '.' is the outcome that is asked for.
      const bool outcome = expression[at] == '.';
      ++at;
      while (outcome && at < expression.size() && is_name(expression[at])) ++at;
      continue;
    }
    const std::string name(expression.substr(at, end - at));
    if (std::find(out.depends_on().begin(), out.depends_on().end(), name) == out.depends_on().end())
      out.add_depends_on(name);
    at = end;
  }
}

bool loops(Json task) {
  return task["withItems"].there() || task["withParam"].there() || task["withSequence"].there();
}

class TemplateReader {
 public:
  TemplateReader(Json spec, schema::WorkflowTemplates& out) : out_(out) {
    spec["arguments"]["parameters"].each([&](Json parameter) {
      arguments_.emplace(parameter.text("name"), parameter.text("value"));
    });
  }

  void read(Json told, const std::string& key, std::string_view scope) {
    if (out_.cut() || key.empty()) return;
    if (bytes_ > limits::kTemplatesBytes) {
      out_.set_cut(true);
      return;
    }
    schema::WorkflowTemplate& out = *out_.add_templates();
    out.set_name(key);
    read_retries(told["retryStrategy"], out);
    if (told["dag"].is_object()) {
      out.set_kind(schema::WorkflowTemplate::DAG);
      told["dag"]["tasks"].each([&](Json task) { read_task(task, key, scope, out); });
    } else if (told["steps"].there()) {
      out.set_kind(schema::WorkflowTemplate::STEPS);
      read_steps(told["steps"], key, scope, out);
    }
    bytes_ += out.ByteSizeLong();
    // Templates that stand in the task itself.
    const auto inlines = std::move(inlines_);
    inlines_.clear();
    for (const auto& [name, json] : inlines) read(json, name, scope);
  }

 private:
  static void read_retries(Json strategy, schema::WorkflowTemplate& out) {
    std::int64_t limit = strategy.number("limit", -1);
    const std::string_view text = strategy.text("limit");
    if (limit < 0) std::from_chars(text.data(), text.data() + text.size(), limit);
    if (limit > 0) out.set_retries(static_cast<std::int32_t>(std::min<std::int64_t>(limit, 1'000)));
  }

  // A list of lists: what stands in one runs together, after all of the one before.
  void read_steps(Json steps, const std::string& key, std::string_view scope,
                  schema::WorkflowTemplate& out) {
    std::vector<std::string> before;
    steps.each([&](Json together) {
      const int first = out.tasks_size();
      const auto step = [&](Json task) {
        read_task(task, key, scope, out);
        schema::TemplateTask& read = *out.mutable_tasks(out.tasks_size() - 1);
        for (const std::string& name : before) read.add_depends_on(name);
      };
      together.each(step);
      if (together.is_object()) step(together);
      before.clear();
      for (int i = first; i < out.tasks_size(); ++i) before.push_back(out.tasks(i).name());
    });
  }

  void read_task(Json task, const std::string& key, std::string_view scope,
                 schema::WorkflowTemplate& template_out) {
    schema::TemplateTask& out = *template_out.add_tasks();
    out.set_name(name_text(task.text("name")));
    if (task["inline"].is_object()) {
      out.set_template_(name_text(fmt::format("{}/{}", key, out.name())));
      inlines_.emplace_back(out.template_(), task["inline"]);
    } else {
      out.set_template_(template_key(task.text("template"), task["templateRef"], scope));
    }
    read_depends(task.text("depends"), out);
    task["dependencies"].each([&](Json name) { read_depends(name.text(), out); });
    out.set_loop(loops(task));
    const Json hook = task["hooks"]["exit"];
    if (hook.is_object()) {
      out.set_exit_hook(template_key(hook.text("template"), hook["templateRef"], scope));
    } else if (!task.text("onExit").empty()) {
      out.set_exit_hook(template_key(task.text("onExit"), {}, scope));
    }
    task["arguments"]["parameters"].each([&](Json parameter) {
      if (parameter.text("name") == "task-name")
        out.set_task_name(name_text(resolved(parameter.text("value"))));
      if (parameter.text("name") != "task") return;
      const TaskSpec spec = read_task_spec(resolved(parameter.text("value")));
      out.set_display_name(spec.display_name);
      out.set_condition(spec.condition);
      out.mutable_items()->Assign(spec.items.begin(), spec.items.end());
    });
  }

  // KFP keeps long values in the workflow's arguments and refers to them.
  std::string_view resolved(std::string_view value) const {
    constexpr std::string_view kBegin = "{{workflow.parameters.";
    constexpr std::string_view kEnd = "}}";
    if (!starts_with(value, kBegin) || value.size() < kBegin.size() + kEnd.size()) return value;
    const auto found =
        arguments_.find(value.substr(kBegin.size(), value.size() - kBegin.size() - kEnd.size()));
    return found == arguments_.end() ? value : found->second;
  }

  schema::WorkflowTemplates& out_;
  std::map<std::string_view, std::string_view> arguments_;
  std::vector<std::pair<std::string, Json>> inlines_;
  std::size_t bytes_ = 0;
};

// The word after `flag` in the arguments of KFP's driver.
std::string_view driver_argument(Json spec, std::string_view flag) {
  std::string_view value;
  spec["templates"].each([&](Json told) {
    if (!value.empty() || told.text("name") != "system-dag-driver") return;
    bool next = false;
    told["container"]["args"].each([&](Json argument) {
      if (next) value = argument.text();
      next = argument.text() == flag;
    });
  });
  return value;
}

bool is_kfp_v2(Json spec) { return !driver_argument(spec, "--pipeline_name").empty(); }

std::string pipeline_of(Json metadata, Json spec) {
  const std::string_view driver = driver_argument(spec, "--pipeline_name");
  if (!driver.empty()) return name_text(driver);
  const std::string_view version_one =
      metadata["annotations"].text("pipelines.kubeflow.org/pipeline_spec");
  simdjson::dom::parser parser;
  simdjson::dom::element parsed;
  if (!version_one.empty() &&
      parser.parse(version_one.data(), version_one.size()).get(parsed) == simdjson::SUCCESS &&
      !Json(parsed).text("name").empty())
    return name_text(Json(parsed).text("name"));
  for (const std::string_view name :
       {spec["workflowTemplateRef"].text("name"),
        metadata["labels"].text("workflows.argoproj.io/cron-workflow")}) {
    if (!name.empty()) return name_text(name);
  }
  std::string_view generated = metadata.text("generateName");
  while (!generated.empty() && generated.back() == '-') generated.remove_suffix(1);
  return name_text(generated);
}

void add_parameter(std::string_view name, std::string json, schema::Workflow& out) {
  if (out.parameters().size() < kParameters && json.size() <= kWords)
    (*out.mutable_parameters())[name_text(name)] = std::move(json);
}

// Of KFP v2 they are the runtime configuration that the run's own driver is given.
void read_parameters(Json spec, schema::Workflow& out) {
  if (!is_kfp_v2(spec)) {
    spec["arguments"]["parameters"].each([&](Json parameter) {
      add_parameter(parameter.text("name"), json_string(parameter.text("value")), out);
    });
    return;
  }
  std::string_view config;
  spec["templates"].each([&](Json told) {
    if (told.text("name") != spec.text("entrypoint")) return;
    told["dag"]["tasks"].each([&](Json task) {
      task["arguments"]["parameters"].each([&](Json parameter) {
        if (parameter.text("name") == "runtime-config") config = parameter.text("value");
      });
    });
  });
  simdjson::dom::parser parser;
  simdjson::dom::element parsed;
  if (config.empty() || parser.parse(config.data(), config.size()).get(parsed) != simdjson::SUCCESS)
    return;
  const auto add = [&](std::string_view name, Json value) {
    add_parameter(name, value.json(), out);
  };
  Json(parsed)["parameterValues"].each_member(add);
  Json(parsed)["parameters"].each_member(add);
}

bool is_machinery(std::string_view container) {
  for (const std::string_view name :
       {"wait", "init", "supervisor", "kfp-launcher", "istio-proxy", "istio-init", "argoexec"})
    if (container == name) return true;
  return starts_with(container, "artifact-plugin-");
}

void read_quantities(Json told, google::protobuf::Map<std::string, std::string>& out) {
  told.each_member([&](std::string_view name, Json value) {
    if (out.size() < 8) out[cut_text(name, 64)] = cut_text(value.text(), 64);
  });
}

void read_container(Json status, Json specs, bool init, schema::SourceContainer& out) {
  out.set_name(name_text(status.text("name")));
  out.set_init(init);
  out.set_machinery(is_machinery(status.text("name")));
  out.set_restarts(static_cast<std::int32_t>(
      std::clamp<std::int64_t>(status.number("restartCount"), 0, INT32_MAX)));
  status["state"].each_member([&](std::string_view name, Json state) {
    out.set_state(cut_text(name, 16));
    out.set_reason(name_text(state.text("reason")));
    out.set_message(words(state.text("message")));
    out.set_exit_code(static_cast<std::int32_t>(
        std::clamp<std::int64_t>(state.number("exitCode"), INT32_MIN, INT32_MAX)));
    out.set_started_at_us(state.time_us("startedAt"));
    out.set_finished_at_us(state.time_us("finishedAt"));
  });
  out.set_last_reason(name_text(status["lastState"]["terminated"].text("reason")));
  if (out.machinery()) return;
  specs.each([&](Json spec) {
    if (spec.text("name") != status.text("name")) return;
    read_quantities(spec["resources"]["requests"], *out.mutable_requests());
    read_quantities(spec["resources"]["limits"], *out.mutable_limits());
  });
}

}  // namespace

void read_spec(Json metadata, Json spec, schema::Workflow& out) {
  const std::string_view run_id = metadata["labels"].text("pipeline/runid");
  out.set_source(run_id.empty() && !is_kfp_v2(spec) ? "argo" : "kfp");
  if (!spec.text("shutdown").empty()) {
    out.set_shutdown(name_text(spec.text("shutdown")));
  } else if (spec.number("activeDeadlineSeconds", -1) == 0) {
    out.set_shutdown("Deadline");
  }
  out.set_pipeline(pipeline_of(metadata, spec));
  out.set_kfp_run_id(name_text(run_id));
  read_parameters(spec, out);
}

void read_status(Json metadata, Json status, schema::Workflow& out) {
  out.set_namespace_(name_text(metadata.text("namespace")));
  out.set_name(name_text(metadata.text("name")));
  out.set_uid(cut_text(metadata.text("uid"), limits::kSourceIdBytes));
  out.set_phase(name_text(status.text("phase")));
  out.set_message(words(status.text("message")));
  out.set_created_at_us(metadata.time_us("creationTimestamp"));
  out.set_started_at_us(status.time_us("startedAt"));
  out.set_finished_at_us(status.time_us("finishedAt"));
  const std::string_view called = metadata["annotations"].text("pipelines.kubeflow.org/run_name");
  out.set_run_name(name_text(called.empty() ? metadata.text("name") : called));
}

void read_templates(Json spec, Json status, schema::WorkflowTemplates& out) {
  TemplateReader reader(spec, out);
  const Json stored = status["storedWorkflowTemplateSpec"];
  for (const Json from : {spec, stored}) {
    if (out.entrypoint().empty()) out.set_entrypoint(name_text(from.text("entrypoint")));
    if (out.on_exit().empty()) {
      const std::string_view hook = from["hooks"]["exit"].text("template");
      out.set_on_exit(name_text(hook.empty() ? from.text("onExit") : hook));
    }
    from["templates"].each(
        [&](Json told) { reader.read(told, name_text(told.text("name")), "local/"); });
  }
  status["storedTemplates"].each_member([&](std::string_view key, Json told) {
    const std::size_t slash = key.rfind('/');
    reader.read(told, name_text(key), slash == std::string_view::npos ? "" : key.substr(0, slash));
  });
}

void read_node(Json node, schema::SourceNode& out) {
  out.set_source_id(name_text(node.text("id")));
  out.set_source_phase(name_text(node.text("phase")));
  out.set_name(cut_text(node.text("name"), kPath));
  out.set_display_name(name_text(node.text("displayName")));
  out.set_type(name_text(node.text("type")));
  out.set_message(words(node.text("message")));
  out.set_template_(
      template_key(node.text("templateName"), node["templateRef"], node.text("templateScope")));
  out.set_boundary(name_text(node.text("boundaryID")));
  out.set_started_at_us(node.time_us("startedAt"));
  out.set_finished_at_us(node.time_us("finishedAt"));
  // Of a group it follows from the pods below, and would be news of each group above a pod.
  if (out.type() == "Pod") out.set_progress(cut_text(node.text("progress"), 64));
  out.set_hooked(node["nodeFlag"].flag("hooked"));
  out.set_retried(node["nodeFlag"].flag("retried"));
  out.set_daemoned(node.flag("daemoned"));
  out.set_memoized(node["memoizationStatus"].flag("hit"));
  out.set_host(name_text(node.text("hostNodeName")));
  if (!starts_with(out.template_(), "system-") &&
      out.template_().find("-system-") == std::string::npos)
    return;
  node["inputs"]["parameters"].each([&](Json parameter) {
    if (parameter.text("name") == "task-name")
      out.set_task_name(name_text(parameter.text("value")));
    if (parameter.text("name") != "task") return;
    const TaskSpec spec = read_task_spec(parameter.text("value"));
    out.set_display_task(spec.display_name);
    out.set_expression(spec.condition);
    out.mutable_items()->Assign(spec.items.begin(), spec.items.end());
  });
  node["outputs"]["parameters"].each([&](Json parameter) {
    const std::string_view name = parameter.text("name");
    const std::string value = cut_text(parameter.text("value"), 64);
    if (name == "condition") out.set_condition(value);
    if (name == "cached-decision") out.set_cached(value);
    if (name == "iteration-count") out.set_iteration_count(value);
  });
}

void read_pod(Json pod, schema::SourcePod& out) {
  const Json metadata = pod["metadata"];
  const Json spec = pod["spec"];
  const Json status = pod["status"];
  out.set_uid(cut_text(metadata.text("uid"), limits::kSourceIdBytes));
  out.set_name(name_text(metadata.text("name")));
  out.set_node_id(name_text(metadata["annotations"].text("workflows.argoproj.io/node-id")));
  out.set_phase(name_text(status.text("phase")));
  out.set_reason(name_text(status.text("reason")));
  out.set_message(words(status.text("message")));
  status["conditions"].each([&](Json condition) {
    if (condition.text("type") == "PodScheduled" && condition.text("status") == "False") {
      out.set_unscheduled_reason(name_text(condition.text("reason")));
      out.set_unscheduled_message(words(condition.text("message")));
    }
    if (condition.text("type") == "DisruptionTarget" && condition.text("status") == "True" &&
        out.reason().empty()) {
      out.set_reason(name_text(condition.text("reason")));
      out.set_message(words(condition.text("message")));
    }
  });
  out.set_host(name_text(spec.text("nodeName")));
  out.set_created_at_us(metadata.time_us("creationTimestamp"));
  out.set_started_at_us(status.time_us("startTime"));
  const auto read = [&](std::string_view statuses, std::string_view specs, bool init) {
    status[statuses].each([&](Json told) {
      if (out.containers_size() < static_cast<int>(limits::kPodContainers))
        read_container(told, spec[specs], init, *out.add_containers());
    });
  };
  read("initContainerStatuses", "initContainers", true);
  read("containerStatuses", "containers", false);
}

std::string_view workflow_uid_of_pod(Json metadata) {
  std::string_view uid;
  metadata["ownerReferences"].each([&](Json owner) {
    if (owner.text("kind") == "Workflow" && starts_with(owner.text("apiVersion"), "argoproj.io/"))
      uid = owner.text("uid");
  });
  return uid;
}

}  // namespace telltale::collect
