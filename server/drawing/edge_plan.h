// EdgePlan: how edges run, before it is known how far layers stand apart: where each one leaves and
// enters its boxes, where it swings sideways between two layers, and on which track of that gap.
// Follows from the boxes' places from left to right, their layers and the lanes. A value made and
// dropped within one call; pure.
//
// A gap is a channel, as in the layout of circuits: what swings from one box, or into one box, is
// one net and shares a track; nets that overlap get tracks of their own, ordered so that few cross.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "drawing/box_graph.h"

namespace telltale::drawing {

class EdgePlan {
 public:
  struct Band {  // a layer: the boxes that share a y
    float top = 0;
    float bottom = 0;
  };
  struct Swing {
    std::uint32_t gap = 0;  // above the band of that number
    float from_x = 0;
    float to_x = 0;
    std::uint32_t track = 0;  // from the top of the gap
    std::uint32_t net = 0;
  };
  struct Route {
    Node from = kNoNode;
    Node to = kNoNode;
    float leaves = 0;         // x below the box it comes from
    float enters = 0;         // x above the one it leads to
    std::uint32_t first = 0;  // of its swings, from top to bottom; none if it leads upwards
    std::uint32_t end = 0;
  };

  // `lanes` by (to, from). Once `work` is over, what swings in a gap shares one track.
  EdgePlan(const BoxGraph& graph, std::span<const LayoutLane> lanes, Work& work);

  const std::vector<Band>& bands() const { return bands_; }
  std::uint32_t band_of(Node node) const { return band_of_[node]; }
  const std::vector<Route>& routes() const { return routes_; }  // by (to, from)
  const std::vector<Swing>& swings() const { return swings_; }
  std::uint32_t tracks(std::uint32_t gap) const { return tracks_[gap]; }

 private:
  void find_bands();
  void find_routes(std::span<const LayoutLane> lanes);
  void leave_boxes();
  void enter_boxes();
  void make_swings();
  void assign_tracks(Work& work);
  bool by_target(const Route& route) const;
  float first_x(std::uint32_t route) const;
  float last_x(std::uint32_t route) const;

  const BoxGraph& graph_;
  std::vector<Band> bands_;
  std::vector<std::uint32_t> band_of_;
  std::vector<Route> routes_;
  std::vector<const LayoutLane*> lane_of_;  // of each route, or nullptr
  std::vector<std::uint32_t> in_;           // edges of each node
  std::vector<std::uint32_t> out_;
  std::vector<Swing> swings_;
  std::vector<std::uint32_t> tracks_;
};

}  // namespace telltale::drawing
