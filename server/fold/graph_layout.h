// GraphLayout: where each task of a run is drawn, in px at scale 1, flow from top to bottom. Part
// of a run's folded state (a reload must not move what is on screen), kept by RunView and saved in
// its snapshot. Deterministic: the same updates give the same places. A box that was placed never
// moves; new tasks take free places. Only the first graph a run tells is laid out as a whole, and
// may move the tasks that were known by mention until then.
//
// A LOOP is one box, `folded`: its iterations and their tasks are no boxes, the page draws a mosaic
// of them into it (geometry: loop_size.h, and GraphLayout.Box in schema/view.proto). A GROUP is no
// box: its tasks are laid out among the others, edges to it lead to its first tasks, edges from it
// come from its last ones.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fold/run_state.h"

namespace telltale::fold {

// One task as the layout sees it. Names others by their place in the list, kNoSlot = nothing.
struct LayoutTask {
  TaskKind kind = TaskKind::task;
  std::uint32_t name_length = 0;  // characters
  Slot parent = kNoSlot;
  std::vector<Slot> depends_on;
  bool removed = false;
};

struct LayoutBox {
  Slot slot = kNoSlot;  // of the task
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;
  bool folded = false;
  bool operator==(const LayoutBox&) const = default;
};

// A chain of cubic Bézier curves: x0 y0, then c1x c1y c2x c2y x1 y1 for each curve.
struct LayoutEdge {
  Slot from = kNoSlot;
  Slot to = kNoSlot;
  std::vector<float> points;
};

class GraphLayout {
 public:
  // `tasks` by slot: those of earlier updates first, unchanged or changed, then new ones. `afresh`
  // lays out everything again. True when a box came or went.
  bool update(std::span<const LayoutTask> tasks, bool afresh);

  const std::vector<LayoutBox>& boxes() const { return boxes_; }  // by slot, ascending
  const LayoutBox* box(Slot slot) const;
  float width() const;
  float height() const;
  // Routes between the boxes as they stand: a function of boxes and tasks, made when asked for.
  std::vector<LayoutEdge> edges(std::span<const LayoutTask> tasks) const;

  void restore(std::vector<LayoutBox> boxes) { boxes_ = std::move(boxes); }

 private:
  std::vector<LayoutBox> boxes_;
};

}  // namespace telltale::fold
