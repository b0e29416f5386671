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
//
// What it costs is bounded in counted steps (work.h): an update may take what a credit holds, which
// fills with every update by a little and by what is new. Once an update takes more, the run is
// drawn by rows for good (row_layout.h): then updates cost nothing, nothing is kept, and who wants
// to see it calls draw_rows() first.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "drawing/box_graph.h"
#include "drawing/free_places.h"
#include "drawing/layout_types.h"
#include "drawing/work.h"

namespace telltale::drawing {

class GraphLayout {
 public:
  // Steps that one update may take at most. A layout of 10,000 tasks takes a third of it.
  static constexpr std::uint64_t kCreditMost = 12'000'000;

  // `tasks` by slot. `changed` are the slots, ascending, of tasks that are new or not as they were
  // at the last update. `afresh` lays out everything again, where the credit allows. `found_out`:
  // the steps it took the caller to know all that. True when boxes or edges changed.
  bool update(std::span<const LayoutTask> tasks, std::span<const Slot> changed, bool afresh,
              std::uint64_t found_out = 0);

  // By rows, for good; updates then need no tasks.
  bool by_rows() const { return by_rows_; }
  // Whether what is below is of the last update: always, but by rows only after draw_rows().
  bool is_drawn() const { return drawn_; }
  void draw_rows(std::span<const LayoutTask> tasks);
  std::uint64_t credit() const { return credit_; }
  std::uint64_t last_steps() const { return last_steps_; }  // of the last update

  const std::vector<LayoutBox>& boxes() const { return graph_.boxes; }  // by slot, ascending
  const LayoutBox* box(Slot slot) const;
  const std::vector<LayoutLane>& lanes() const { return lanes_; }  // by (to, from)
  float width() const;
  float height() const;
  // Routes between the boxes, by (to, from): made when first asked for after a change, then kept.
  // They and what they refer to live until the next update.
  const std::vector<LayoutEdge>& edges() const;

  // Of a fresh layout. `boxes`, `lanes` and `credit` are those that another one had for the same
  // tasks. False when they cannot be: not finite, beyond bounds, twice, or of no task.
  [[nodiscard]] bool restore(std::span<const LayoutTask> tasks, std::span<const LayoutBox> boxes,
                             std::vector<LayoutLane> lanes, std::uint64_t credit);
  void restore_rows(std::uint64_t credit);

 private:
  bool change(std::span<const LayoutTask> tasks, std::span<const Slot> changed, bool afresh,
              Work& work);
  bool place_afresh(std::span<const LayoutTask> tasks, Work& work);
  bool rebuild(std::span<const LayoutTask> tasks, Work& work);
  void place(Node node, Work& work);
  void take_places(const std::vector<char>& placed, Work& work);
  bool fit_loop(Node node);
  void find_lanes(Node to, std::vector<LayoutLane>& found, Work& work, Work& search);
  bool keep(std::vector<LayoutLane>& found, Work& work);
  void give_up();
  const LayoutLane* lane(Slot from, Slot to) const;

  BoxGraph graph_;
  std::vector<LayoutLane> lanes_;
  FreePlaces places_;
  std::uint64_t credit_ = kCreditMost;
  std::uint64_t last_steps_ = 0;
  bool by_rows_ = false;
  bool drawn_ = true;
  mutable std::optional<std::vector<LayoutEdge>> edges_;
};

}  // namespace telltale::drawing
