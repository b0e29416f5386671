// FreePlaces: what is taken of a drawing, by layer, so that a box or an edge that comes later finds
// room without moving any other. Part of GraphLayout, follows from its boxes and lanes. Layers are
// the values of y; they never overlap, because a box only joins one it fits in.
#pragma once

#include <compare>
#include <cstddef>
#include <limits>
#include <map>
#include <set>

#include "drawing/layout_types.h"
#include "drawing/loop_size.h"
#include "drawing/work.h"

namespace telltale::drawing {

class FreePlaces {
 public:
  // False where another one stands.
  bool add(const LayoutBox& box);
  void add(const LayoutLane& lane, const LayoutBox& to, Work& work);

  // Sets x and y of a new box, and adds it: near `wish_x`, where its left side would best be, and
  // not above `top`.
  void place(LayoutBox& box, float wish_x, float top, Work& work);

  // Whether there are layers between two boxes, the second one below.
  bool passes_layers(const LayoutBox& from, const LayoutBox& to) const;
  // Steps for an edge between such boxes; does not add them. Outside, once `work` is over or
  // too many places are taken.
  LayoutLane find_lane(const LayoutBox& from, const LayoutBox& to, Work& work) const;

  // Grows a loop's box to `size` as far as nothing is in its way, to both sides equally and
  // downwards. True when it grew.
  bool grow(LayoutBox& box, const LoopSize& size);

 private:
  struct Layer {
    std::map<float, float> boxes;  // left -> right, rooms of loops included
    std::set<float> lanes;
    float height = 0;

    // The free place nearest to `wish` for what is so wide, not left of 0.
    float nearest(float wish, float width, float box_gap, float lane_gap, Work& work) const;
    bool is_free(float x) const;
    float move(float x, float width, float box_gap, float lane_gap, bool right, Work& work) const;
  };
  using Layers = std::map<float, Layer>;
  // Edges that share a lane run along one trunk from the box they share: it is taken once.
  struct Trunk {
    LayoutLane::Shared shared;
    Slot box;
    float x;  // beside that box
    auto operator<=>(const Trunk&) const = default;
  };
  struct Taken {
    float from;  // first and last layer of it
    float to;
  };

  void take(const LayoutLane& lane, float first, float last, Work& work);

  static void consider(LayoutBox& box, float wish_x, float top, float y, float x, float& best_cost);

  Layers layers_;
  std::map<Trunk, Taken> trunks_;
  float right_ = 0;        // of boxes and lanes
  std::size_t taken_ = 0;  // places of lanes in all layers
  std::size_t outer_ = 0;  // lanes outside, right of `limit_`
  float limit_ = std::numeric_limits<float>::infinity();
};

}  // namespace telltale::drawing
