#include "drawing/edge_routes.h"

#include <algorithm>
#include <cmath>

#include "drawing/edge_plan.h"

namespace telltale::drawing {
namespace {

// A quarter of an ellipse as a cubic Bézier: its control points at this share of the axes.
constexpr float kQuarter = 0.5523F;
// Corners as wide as this; where a lane begins or ends beside boxes, narrower.
constexpr float kCornerMax = 40;
constexpr float kLaneCorner = 14;
constexpr float kBackTurn = 48;
constexpr std::uint64_t kSwingSteps = 20;  // counted for a swing and the 18 numbers it is drawn by

// The route so far: the points of LayoutEdge.
class Pen {
 public:
  Pen(std::vector<float>& points, float x, float y) : points_(points) { points_ = {x, y}; }

  float x() const { return points_[points_.size() - 2]; }
  float y() const { return points_.back(); }

  void line(float x, float y) {
    if (x == this->x() && y == this->y()) return;
    const float dx = (x - this->x()) / 3;
    const float dy = (y - this->y()) / 3;
    points_.insert(points_.end(), {this->x() + dx, this->y() + dy, x - dx, y - dy, x, y});
  }

  // Up again, to a box that was placed above before it was known to come after.
  void back(float x, float y) {
    points_.insert(points_.end(), {this->x(), this->y() + kBackTurn, x, y - kBackTurn, x, y});
  }

  // From straight down to level, or from level to straight down.
  void corner(float x, float y, bool down_first) {
    const float dx = (x - this->x()) * kQuarter;
    const float dy = (y - this->y()) * kQuarter;
    if (down_first) {
      points_.insert(points_.end(), {this->x(), this->y() + dy, x - dx, y, x, y});
    } else {
      points_.insert(points_.end(), {this->x() + dx, this->y(), x, y - dy, x, y});
    }
  }

 private:
  std::vector<float>& points_;
};

class Router {
 public:
  Router(const BoxGraph& graph, std::span<const LayoutLane> lanes, Work& work)
      : graph_(graph), plan_(graph, lanes, work) {}

  std::vector<LayoutEdge> run() const {
    std::vector<LayoutEdge> edges;
    edges.reserve(plan_.routes().size());
    for (const EdgePlan::Route& route : plan_.routes()) edges.push_back(draw(route));
    return edges;
  }

 private:
  LayoutEdge draw(const EdgePlan::Route& route) const {
    const LayoutBox& from = graph_.boxes[route.from];
    const LayoutBox& to = graph_.boxes[route.to];
    LayoutEdge edge{from.slot, to.slot, {}};
    edge.points.reserve(2 + 18 * (route.end - route.first));
    Pen pen(edge.points, route.leaves, from.y + from.height);
    if (route.first == route.end) {
      pen.back(route.enters, to.y);
      return edge;
    }
    for (std::uint32_t i = route.first; i < route.end; ++i) {
      const EdgePlan::Swing& swing = plan_.swings()[i];
      if (swing.from_x == swing.to_x) continue;
      const EdgePlan::Band& above = plan_.bands()[swing.gap - 1];
      const EdgePlan::Band& below = plan_.bands()[swing.gap];
      pen.line(swing.from_x, above.bottom);
      const float level = level_of(swing, above.bottom, below.top);
      const float half = std::abs(swing.to_x - swing.from_x) / 2;
      const float turn = swing.to_x > swing.from_x ? 1 : -1;
      const float first = std::min(half, i == route.first ? kCornerMax : kLaneCorner);
      const float last = std::min(half, i + 1 == route.end ? kCornerMax : kLaneCorner);
      pen.corner(swing.from_x + turn * first, level, true);
      pen.line(swing.to_x - turn * last, level);
      pen.corner(swing.to_x, below.top, false);
    }
    pen.line(pen.x(), to.y);
    return edge;
  }

  // Tracks keep clear of the boxes above and below, and share what is left between them.
  float level_of(const EdgePlan::Swing& swing, float top, float bottom) const {
    const std::uint32_t tracks = plan_.tracks(swing.gap);
    if (tracks <= 1) return (top + bottom) / 2;
    const float clear = std::min(kClearance, (bottom - top) / 2);
    const float step = (bottom - top - 2 * clear) / static_cast<float>(tracks - 1);
    return top + clear + step * static_cast<float>(swing.track);
  }

  const BoxGraph& graph_;
  EdgePlan plan_;
};

}  // namespace

std::vector<LayoutEdge> route_edges(const BoxGraph& graph, std::span<const LayoutLane> lanes,
                                    Work& work) {
  // Before they are planned, how many points they take: those of two curves and a line a step.
  std::uint64_t edges = 0;
  for (const std::vector<Node>& above : graph.above) edges += above.size();
  std::uint64_t steps = edges;
  for (const LayoutLane& lane : lanes) steps += lane.steps.size();
  work.add(kSwingSteps * steps);
  if (work.is_over()) return draw_direct(graph);
  return Router(graph, lanes, work).run();
}

std::vector<LayoutEdge> draw_direct(const BoxGraph& graph) {
  std::vector<LayoutEdge> edges;
  for (Node node = 0; node < graph.above.size(); ++node) {
    const LayoutBox& to = graph.boxes[node];
    const float enters = to.x + to.width / 2;
    for (const Node other : graph.above[node]) {
      const LayoutBox& from = graph.boxes[other];
      const float leaves = from.x + from.width / 2;
      const float bottom = from.y + from.height;
      const float turn = to.y > bottom ? (to.y - bottom) / 2 : kBackTurn;
      edges.push_back({from.slot,
                       to.slot,
                       {leaves, bottom, leaves, bottom + turn, enters, to.y - turn, enters, to.y}});
    }
  }
  return edges;
}

}  // namespace telltale::drawing
