// What every drawing has to keep, as a test's expectations.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "drawing/graph_layout.h"

namespace telltale::drawing {

// Boxes are apart: those of a layer by a gap, and layers by another one.
inline void expect_boxes_apart(const GraphLayout& layout) {
  std::vector<LayoutBox> boxes = layout.boxes();
  std::sort(boxes.begin(), boxes.end(),
            [](const LayoutBox& a, const LayoutBox& b) { return a.y < b.y; });
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_GE(boxes[i].x, 0);
    EXPECT_GE(boxes[i].y, 0);
    const float below = boxes[i].y + boxes[i].height + kLayerGap;
    for (std::size_t j = i + 1; j < boxes.size() && boxes[j].y < below; ++j) {
      const bool apart = boxes[i].x + boxes[i].width + kSiblingGap <= boxes[j].x ||
                         boxes[j].x + boxes[j].width + kSiblingGap <= boxes[i].x;
      EXPECT_TRUE(apart || boxes[i].y != boxes[j].y)
          << "boxes " << boxes[i].slot << " and " << boxes[j].slot;
      EXPECT_EQ(boxes[i].y, boxes[j].y)
          << "layers of " << boxes[i].slot << " and " << boxes[j].slot;
    }
  }
}

struct Point {
  float x;
  float y;
};

// Points on the edge, a few on each curve.
inline std::vector<Point> walk(const LayoutEdge& edge) {
  constexpr int kSteps = 12;
  const std::vector<float>& p = edge.points;
  std::vector<Point> points = {{p[0], p[1]}};
  for (std::size_t i = 0; i + 7 < p.size(); i += 6) {
    for (int step = 1; step <= kSteps; ++step) {
      const float t = static_cast<float>(step) / kSteps;
      const float u = 1 - t;
      const float a = u * u * u, b = 3 * u * u * t, c = 3 * u * t * t, d = t * t * t;
      points.push_back({a * p[i] + b * p[i + 2] + c * p[i + 4] + d * p[i + 6],
                        a * p[i + 1] + b * p[i + 3] + c * p[i + 5] + d * p[i + 7]});
    }
  }
  return points;
}

inline float distance(const Point& point, const LayoutBox& box) {
  const float dx = std::max({box.x - point.x, point.x - box.x - box.width, 0.0F});
  const float dy = std::max({box.y - point.y, point.y - box.y - box.height, 0.0F});
  return std::hypot(dx, dy);
}

// Each edge leaves under its box, never turns up, ends on top of its other box, and keeps clear of
// all others.
inline void expect_edges_clear(const GraphLayout& layout) {
  constexpr float kRounding = 0.5F;
  std::vector<LayoutBox> boxes = layout.boxes();
  std::sort(boxes.begin(), boxes.end(),
            [](const LayoutBox& a, const LayoutBox& b) { return a.y < b.y; });
  float tallest = 0;
  for (const LayoutBox& box : boxes) tallest = std::max(tallest, box.height);
  for (const LayoutEdge& edge : layout.edges()) {
    SCOPED_TRACE(std::to_string(edge.from) + " -> " + std::to_string(edge.to));
    const LayoutBox* from = layout.box(edge.from);
    const LayoutBox* to = layout.box(edge.to);
    ASSERT_TRUE(from != nullptr && to != nullptr);
    ASSERT_GE(edge.points.size(), 8U);
    ASSERT_EQ((edge.points.size() - 2) % 6, 0U);
    EXPECT_EQ(edge.points[1], from->y + from->height);
    EXPECT_EQ(edge.points.back(), to->y);
    float y = edge.points[1];
    for (const Point& point : walk(edge)) {
      EXPECT_GE(point.y, y - 0.01F);
      y = point.y;
      auto box = std::lower_bound(boxes.begin(), boxes.end(), y - tallest - kClearance,
                                  [](const LayoutBox& one, float at) { return one.y < at; });
      for (; box != boxes.end() && box->y < y + kClearance; ++box) {
        if (box->slot == edge.from || box->slot == edge.to) continue;
        EXPECT_GE(distance(point, *box), kClearance - kRounding)
            << "box " << box->slot << " at " << point.x << ", " << point.y;
      }
    }
  }
}

inline void expect_drawn_well(const GraphLayout& layout) {
  expect_boxes_apart(layout);
  expect_edges_clear(layout);
}

}  // namespace telltale::drawing
