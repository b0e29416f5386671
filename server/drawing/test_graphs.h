// Graphs that the layout is tested, measured and looked at with: real pipelines and hard shapes.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "drawing/layout_types.h"

namespace telltale::drawing {

// Tasks by name, in the order told.
class TestGraph {
 public:
  TestGraph& add(const std::string& name, const std::vector<std::string>& depends_on = {},
                 const std::string& parent = "", TaskKind kind = TaskKind::task) {
    LayoutTask task;
    task.kind = kind;
    task.name_columns = static_cast<std::uint32_t>(name.size());
    if (!parent.empty()) task.parent = slots_.at(parent);
    for (const std::string& other : depends_on) task.depends_on.push_back(slots_.at(other));
    slots_[name] = static_cast<Slot>(tasks.size());
    tasks.push_back(std::move(task));
    names.push_back(name);
    return *this;
  }

  // `count` iterations of the loop, each with a chain of the stages.
  TestGraph& fill(const std::string& loop, int count, const std::vector<std::string>& stages) {
    for (int i = 0; i < count; ++i) {
      const std::string item = loop + "/" + std::to_string(i);
      add(item, {}, loop, TaskKind::iteration);
      std::string before;
      for (const std::string& stage : stages) {
        add(item + "/" + stage, before.empty() ? std::vector<std::string>{} : std::vector{before},
            item);
        before = item + "/" + stage;
      }
    }
    return *this;
  }

  std::vector<LayoutTask> tasks;
  std::vector<std::string> names;

 private:
  std::map<std::string, Slot> slots_;
};

inline TestGraph breast_cancer_graph() {
  TestGraph graph;
  graph.add("fetch-costs").add("load");
  graph.add("check folds", {"load"}, "", TaskKind::loop).fill("check folds", 12, {"check-fold"});
  graph.add("learning rates", {"load"}, "", TaskKind::loop).fill("learning rates", 3, {"train"});
  graph.add("evaluate", {"check folds", "fetch-costs", "learning rates", "load"});
  return graph;
}

inline TestGraph mammography_graph(int trains) {
  TestGraph graph;
  graph.add("fetch-dicom").add("load-labels").add("fetch-imagenet-weights");
  graph.add("deidentify", {"fetch-dicom"}).add("validate-labels", {"load-labels"});
  graph.add("split-by-patient", {"deidentify", "validate-labels"});
  graph.add("tile-512", {"split-by-patient"}).add("feature-stats", {"split-by-patient"});
  graph.add("train", {"tile-512"}, "", TaskKind::loop).fill("train", trains, {"train"});
  graph.add("finetune-resnet50", {"tile-512", "fetch-imagenet-weights"});
  graph.add("drift-check", {"feature-stats"});
  graph.add("select-best", {"train"}).add("calibrate", {"finetune-resnet50"});
  graph.add("evaluate", {"select-best", "calibrate"}).add("explain-saliency", {"calibrate"});
  graph.add("register-model", {"evaluate"}).add("approve", {"evaluate"});
  graph.add("deploy-canary", {"register-model", "approve"});
  return graph;
}

// KFP's if_elif_else_complex: a loop whose items hold conditions, another one after it.
inline TestGraph conditions_graph() {
  TestGraph graph;
  graph.add("int-0-to-9999").add("condition-branches-1", {"int-0-to-9999"}, "", TaskKind::group);
  graph.add("condition-2", {}, "condition-branches-1", TaskKind::group);
  graph.add("print-and-return", {}, "condition-2");
  graph.add("condition-3", {}, "condition-branches-1", TaskKind::group);
  graph.add("print-and-return-2", {}, "condition-3");
  graph.add("for-loop-1", {"condition-branches-1"}, "condition-3", TaskKind::loop);
  graph.fill("for-loop-1", 10, {"is-even-or-odd", "print", "print-again"});
  graph.add("condition-4", {}, "condition-branches-1", TaskKind::group);
  graph.add("print-and-return-3", {}, "condition-4");
  graph.add("repeater", {"condition-branches-1"}).add("print-strings", {"repeater"});
  graph.add("exit-handler-1", {}, "", TaskKind::group);
  graph.add("fail-op", {}, "exit-handler-1").add("print-op", {"exit-handler-1"});
  return graph;
}

inline TestGraph chain_graph(int count) {
  TestGraph graph;
  for (int i = 0; i < count; ++i) {
    graph.add("step-" + std::to_string(i),
              i == 0 ? std::vector<std::string>{} : std::vector{"step-" + std::to_string(i - 1)});
  }
  return graph;
}

// One task, `count` after it, one after all of them.
inline TestGraph fan_graph(int count) {
  TestGraph graph;
  graph.add("list");
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) {
    all.push_back("part-" + std::to_string(i));
    graph.add(all.back(), {"list"});
  }
  graph.add("join", all);
  return graph;
}

// Diamonds one under the other, each with an edge around it.
inline TestGraph ladder_graph(int count) {
  TestGraph graph;
  graph.add("top-0");
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    graph.add("left-" + n, {"top-" + n}).add("right-" + n, {"top-" + n});
    graph.add("top-" + std::to_string(i + 1), {"left-" + n, "right-" + n, "top-" + n});
  }
  return graph;
}

// Each task after up to three earlier ones, mostly near ones, as people write pipelines.
inline TestGraph random_graph(std::uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  TestGraph graph;
  for (int i = 0; i < count; ++i) {
    std::vector<std::string> depends_on;
    for (std::uint64_t n = random() % 4; i > 0 && n > 0; --n) {
      const std::uint64_t far = random() % 5 == 0 ? static_cast<std::uint64_t>(i) : 8;
      const int back = 1 + static_cast<int>(random() % std::min<std::uint64_t>(far, i));
      depends_on.push_back("task-" + std::to_string(i - back));
    }
    graph.add("task-" + std::to_string(i), depends_on);
  }
  return graph;
}

// Layers of up to `width` tasks, each after one to three of the layer before.
inline TestGraph layered_graph(int count, int width) {
  std::mt19937_64 random(2);
  TestGraph graph;
  for (int i = 0; i < count; ++i) {
    std::vector<std::string> depends_on;
    const int layer = i / width * width;
    for (std::uint64_t j = 1 + random() % 3; layer > 0 && j > 0; --j) {
      const int back = 1 + static_cast<int>(random() % static_cast<std::uint64_t>(width));
      depends_on.push_back("task-" + std::to_string(layer - back));
    }
    graph.add("task-" + std::to_string(i), depends_on);
  }
  return graph;
}

}  // namespace telltale::drawing
