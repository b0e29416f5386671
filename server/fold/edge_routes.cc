#include "fold/edge_routes.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace telltale::fold {
namespace {

constexpr float kClearance = 10;  // between an edge and a box it passes
// An edge over more layers than this goes straight: nobody follows it by eye, and its route would
// cost as much as the rest.
constexpr std::size_t kLayersAvoided = 256;

// The boxes that share a y: a layer, as intervals of x.
struct Band {
  float top = 0;
  float bottom = 0;
  std::vector<std::pair<float, float>> taken;  // ascending, with clearance

  // The free x nearest to `x`.
  float nearest_free(float x) const {
    auto next = std::upper_bound(taken.begin(), taken.end(), std::pair(x, INFINITY));
    if (next == taken.begin() || std::prev(next)->second <= x) return x;
    // Inside a box: out to the left, or to the right, over boxes too close to pass between.
    auto left = std::prev(next);
    auto right = left;
    while (left != taken.begin() && std::prev(left)->second > left->first) --left;
    while (std::next(right) != taken.end() && std::next(right)->first < right->second) ++right;
    return x - left->first <= right->second - x ? left->first : right->second;
  }
};

std::vector<Band> make_bands(const std::vector<LayoutBox>& boxes) {
  std::vector<const LayoutBox*> sorted;
  for (const LayoutBox& box : boxes) sorted.push_back(&box);
  std::sort(sorted.begin(), sorted.end(), [](const LayoutBox* a, const LayoutBox* b) {
    return std::pair(a->y, a->x) < std::pair(b->y, b->x);
  });
  std::vector<Band> bands;
  for (const LayoutBox* box : sorted) {
    if (bands.empty() || bands.back().top != box->y) bands.push_back({box->y, box->y, {}});
    Band& band = bands.back();
    band.bottom = std::max(band.bottom, box->y + box->height);
    band.taken.emplace_back(box->x - kClearance, box->x + box->width + kClearance);
  }
  return bands;
}

// From where the pen is to x, y, leaving and arriving straight down.
void swing(std::vector<float>& points, float x, float y) {
  const float from_x = points[points.size() - 2];
  const float from_y = points.back();
  const float middle = (from_y + y) / 2;
  points.insert(points.end(), {from_x, middle, x, middle, x, y});
}

class Router {
 public:
  explicit Router(const BoxGraph& graph) : graph_(graph), bands_(make_bands(graph.boxes)) {}

  LayoutEdge route(Node from, Node to) const {
    const LayoutBox& a = graph_.boxes[from];
    const LayoutBox& b = graph_.boxes[to];
    const float start_x = a.x + a.width / 2;
    const float end_x = b.x + b.width / 2;
    LayoutEdge edge{a.slot, b.slot, {start_x, a.y + a.height}};
    const auto begin = std::upper_bound(bands_.begin(), bands_.end(), a.y, above);
    const auto end = std::lower_bound(bands_.begin(), bands_.end(), b.y, below);
    if (begin < end && static_cast<std::size_t>(end - begin) <= kLayersAvoided) {
      std::optional<float> lane = lane_for(begin, end, start_x, end_x);
      const float bands = static_cast<float>(end - begin + 1);
      float pen = start_x;
      for (auto band = begin; band != end; ++band) {
        const float share = static_cast<float>(band - begin + 1) / bands;
        const float x =
            lane ? *lane : std::round(band->nearest_free(start_x + (end_x - start_x) * share));
        // A piece for each swing; straight parts join into one line.
        if (x != pen) swing(edge.points, x, band->top);
        if (x != pen || !lane) swing(edge.points, x, band->bottom);
        pen = x;
      }
      if (lane && pen != end_x) swing(edge.points, pen, std::prev(end)->bottom);
    }
    swing(edge.points, end_x, b.y);
    return edge;
  }

 private:
  using Bands = std::vector<Band>::const_iterator;
  static bool above(float y, const Band& band) { return y < band.top; }
  static bool below(const Band& band, float y) { return band.top < y; }

  // One x that is free in all layers between: under the start, or over the end.
  static std::optional<float> lane_for(Bands begin, Bands end, float start_x, float end_x) {
    for (const float x : {end_x, start_x}) {
      if (std::all_of(begin, end, [x](const Band& band) { return band.nearest_free(x) == x; }))
        return x;
    }
    return std::nullopt;
  }

  const BoxGraph& graph_;
  std::vector<Band> bands_;
};

}  // namespace

std::vector<LayoutEdge> route_edges(const BoxGraph& graph) {
  const Router router(graph);
  std::vector<LayoutEdge> edges;
  for (Node to = 0; to < graph.above.size(); ++to) {
    for (const Node from : graph.above[to]) edges.push_back(router.route(from, to));
  }
  return edges;
}

}  // namespace telltale::fold
