// LayerGraph: the drawing as layers of vertices, every link between two neighbouring layers, as
// Sugiyama, Tagawa and Toda (1981) and Gansner et al. (1993) have it: an edge that passes layers
// has a vertex of no width, a bend, in each of them, so that its lane is ordered and placed with
// the boxes. A value made and dropped within one layout; pure.
#pragma once

#include <cstdint>
#include <vector>

#include "drawing/box_graph.h"

namespace telltale::drawing {

using Vertex = std::uint32_t;

// A row of bends, one a layer from `layer` on, that one or several edges run along.
struct Lane {
  // Past the rows of a rank that is cut, lanes run at its sides: from a task on the left, to one on
  // the right, so that they cross no row.
  enum class Side : std::uint8_t { none, left, right };
  std::uint32_t layer = 0;
  Vertex first = 0;         // bends are numbered on from it
  std::uint32_t count = 0;  // of layers
  LayoutLane::Shared shared = LayoutLane::Shared::no;
  Side side = Side::none;
};

// An edge over several layers: along `lane`, from its `begin`-th bend up to before its `end`-th.
struct LongEdge {
  Node from = kNoNode;
  Node to = kNoNode;
  std::uint32_t lane = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

class LayerGraph {
 public:
  LayerGraph(const BoxGraph& graph, Work& work);

  bool is_bend(Vertex vertex) const { return vertex >= boxes_; }
  float width(Vertex vertex) const {
    return is_bend(vertex) ? 0 : room_width(graph_.boxes[vertex]);
  }
  // Between the centers of two neighbours in a layer, at least.
  float apart(Vertex a, Vertex b) const {
    const float gap = is_bend(a) || is_bend(b) ? kLaneGap : kSiblingGap;
    return (width(a) + width(b)) / 2 + gap;
  }

  const BoxGraph& boxes() const { return graph_; }
  std::size_t vertices() const { return layer_.size(); }
  std::uint32_t layer_of(Vertex vertex) const { return layer_[vertex]; }
  // Tasks that need none and that none needs are in no layer.
  bool is_alone(Vertex vertex) const {
    return !is_bend(vertex) && graph_.above[vertex].empty() && graph_.below[vertex].empty();
  }
  bool is_beside_rows(Vertex vertex) const {
    return is_bend(vertex) && lanes_[lane_of_[vertex - boxes_]].side != Lane::Side::none;
  }
  const std::vector<Lane>& lanes() const { return lanes_; }
  const std::vector<LongEdge>& long_edges() const { return long_edges_; }
  const std::vector<Vertex>& above(Vertex vertex) const { return above_[vertex]; }
  const std::vector<Vertex>& below(Vertex vertex) const { return below_[vertex]; }
  std::size_t links() const { return links_; }
  // After layers were ordered: lanes that run at the sides go there.
  void move_lanes_aside();

  std::vector<std::vector<Vertex>> layers;  // in order from left to right

 private:
  void make_rows();
  void make_lanes();
  void share_lanes(std::vector<LongEdge>& edges, bool always);
  void make_lane(std::vector<LongEdge>& edges, LayoutLane::Shared shared, Lane::Side side);
  void link(Vertex upper, Vertex lower);
  void order_by_walk();

  const BoxGraph& graph_;
  Vertex boxes_;
  std::size_t links_ = 0;
  std::vector<std::uint32_t> layer_;
  std::vector<std::vector<Vertex>> above_;
  std::vector<std::vector<Vertex>> below_;
  std::vector<Lane> lanes_;
  std::vector<std::uint32_t> lane_of_;  // of each bend
  std::vector<LongEdge> long_edges_;
};

}  // namespace telltale::drawing
