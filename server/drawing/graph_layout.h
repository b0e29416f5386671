// GraphLayout: where each task of a run is drawn, in px at scale 1, flow from top to bottom. Part
// of a run's folded state (a reload must not move what is on screen), kept by RunView and saved in
// its snapshot. Deterministic: the same updates give the same places. A box that was placed never
// moves; new tasks take free places, found at a cost that hardly grows with the run. Only the first
// graph a run tells, in one part or several, is laid out as a whole, and may move the tasks that
// were known by mention until then.
//
// A LOOP is one box, `folded`: its iterations and their tasks are no boxes, the page draws a mosaic
// of them into it (geometry: loop_size.h, and GraphLayout.Box in schema/view.proto). A GROUP is no
// box: its tasks are laid out among the others, edges to it lead to its first tasks, edges from it
// come from its last ones.
//
// A loop that is placed before its items are known `awaits` them: room for six rows of fifty is
// kept around its box, which grows into it, and into what else is free, by its sides and downwards.
//
// An edge that passes layers has a LANE: a place in each of them, chosen together with those of the
// boxes, or the nearest free one for an edge that comes later. Lanes stay as boxes do.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "drawing/box_graph.h"
#include "drawing/free_places.h"
#include "drawing/layout_types.h"

namespace telltale::drawing {

class GraphLayout {
 public:
  // `tasks` by slot. `changed` are the slots, ascending, of tasks that are new or not as they were
  // at the last update. `afresh` lays out everything again. True when boxes or edges changed.
  bool update(std::span<const LayoutTask> tasks, std::span<const Slot> changed, bool afresh);

  const std::vector<LayoutBox>& boxes() const { return graph_.boxes; }  // by slot, ascending
  const LayoutBox* box(Slot slot) const;
  const std::vector<LayoutLane>& lanes() const { return lanes_; }  // by (to, from)
  float width() const;
  float height() const;
  // Routes between the boxes, by (to, from): made when first asked for after a change, then kept.
  // They and what they refer to live until the next update.
  const std::vector<LayoutEdge>& edges() const;

  // Of a fresh layout. `boxes` and `lanes` are those that another one had for the same tasks.
  void restore(std::span<const LayoutTask> tasks, std::span<const LayoutBox> boxes,
               std::vector<LayoutLane> lanes);

 private:
  bool place_afresh(std::span<const LayoutTask> tasks);
  bool rebuild(std::span<const LayoutTask> tasks);
  void place(Node node);
  bool fit_loop(Node node);
  void find_lanes(Node to, std::vector<LayoutLane>& found);
  bool keep(std::vector<LayoutLane> found);
  const LayoutLane* lane(Slot from, Slot to) const;

  BoxGraph graph_;
  std::vector<LayoutLane> lanes_;
  FreePlaces places_;
  mutable std::optional<std::vector<LayoutEdge>> edges_;
};

}  // namespace telltale::drawing
