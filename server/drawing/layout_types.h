// What a layout is made from and made of. Plain values.
#pragma once

#include <cstdint>
#include <vector>

namespace telltale::drawing {

// Numbers are those of schema::GraphTask::Kind.
enum class TaskKind : std::uint8_t { task = 0, loop = 1, iteration = 2, group = 3 };

// Position of an entity in its list; never reused within a run.
using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = UINT32_MAX;

// One task as the layout sees it. Names others by their place in the list, kNoSlot = nothing.
struct LayoutTask {
  TaskKind kind = TaskKind::task;
  std::uint32_t name_columns = 0;  // width of its name, in characters of Latin script
  Slot parent = kNoSlot;
  std::vector<Slot> depends_on;
  bool removed = false;
  bool operator==(const LayoutTask&) const = default;
};

struct LayoutBox {
  Slot slot = kNoSlot;  // of the task
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;
  bool folded = false;
  bool awaits = false;  // a loop that was placed before its items were known
  bool operator==(const LayoutBox&) const = default;
};

// Where an edge passes the layers between its boxes: at `x` from the layer whose top is `y` on,
// until the next step.
struct LayoutLane {
  struct Step {
    float y = 0;
    float x = 0;
    bool operator==(const Step&) const = default;
  };
  // Whose other edges run along the same lane.
  enum class Shared : std::uint8_t { no, from, to };
  Slot from = kNoSlot;
  Slot to = kNoSlot;
  std::vector<Step> steps;  // at least one
  Shared shared = Shared::no;
  bool outer = false;  // outside, right of all boxes
  bool operator==(const LayoutLane&) const = default;
};

// A chain of cubic Bézier curves: x0 y0, then c1x c1y c2x c2y x1 y1 for each curve.
struct LayoutEdge {
  Slot from = kNoSlot;
  Slot to = kNoSlot;
  std::vector<float> points;
};

}  // namespace telltale::drawing
