#include "drawing/free_places.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "drawing/box_graph.h"

namespace telltale::drawing {
namespace {

// A new box rather stands this many px aside than one px lower.
constexpr float kLowerCost = 12;
// Layers tried for a new box before it opens one at the bottom.
constexpr std::size_t kLayersTried = 64;
// A layer opened later stands lower than one of the first drawing: what will swing above it is not
// known.
constexpr float kLaterGap = 36;
// Neighbours passed in search of a free place before lanes may share one.
constexpr int kStepsMax = 16;
// An edge that passes more layers, and was given no lane with the first drawing, runs outside on
// the right: nobody follows it by eye, and its way among the boxes would cost as much as the rest.
// There are so many lanes outside.
constexpr std::ptrdiff_t kLayersSearched = 64;
constexpr std::size_t kOuterLanes = 32;
constexpr float kNever = std::numeric_limits<float>::infinity();

float room_left(const LayoutBox& box) { return box.x + (box.width - room_width(box)) / 2; }

}  // namespace

void FreePlaces::add(const LayoutBox& box) {
  Layer& layer = layers_[box.y];
  layer.boxes.emplace(room_left(box), room_left(box) + room_width(box));
  layer.height = std::max(layer.height, room_height(box));
  right_ = std::max(right_, room_left(box) + room_width(box));
}

void FreePlaces::add(const LayoutLane& lane, const LayoutBox& to) {
  if (lane.outer) {
    if (outer_++ == 0) limit_ = lane.steps.front().x - kSiblingGap;
    return;
  }
  for (const LayoutLane::Step& one : lane.steps) right_ = std::max(right_, one.x);
  auto step = lane.steps.begin();
  for (auto layer = layers_.lower_bound(step->y); layer != layers_.end(); ++layer) {
    if (layer->first >= to.y) break;
    while (std::next(step) != lane.steps.end() && std::next(step)->y <= layer->first) ++step;
    layer->second.lanes.insert(step->x);
  }
}

void FreePlaces::consider(LayoutBox& box, float wish_x, float top, float y, float x,
                          float& best_cost) {
  const float cost = std::abs(x - wish_x) + (y - top) * kLowerCost;
  if (!(cost < best_cost)) return;
  best_cost = cost;
  box.x = x;
  box.y = y;
}

void FreePlaces::place(LayoutBox& box, float wish_x, float top) {
  const float width = room_width(box);
  const float height = room_height(box);
  float best_cost = kNever;
  std::size_t tried = 0;
  for (auto layer = layers_.lower_bound(top); layer != layers_.end(); ++layer) {
    if (++tried > kLayersTried || (layer->first - top) * kLowerCost >= best_cost) break;
    const auto next = std::next(layer);
    if (next != layers_.end() && layer->first + height + kLayerGap > next->first) continue;
    const float x = layer->second.nearest(wish_x, width, kSiblingGap, kLaneGap);
    if (x + width > limit_) continue;
    consider(box, wish_x, top, layer->first, x, best_cost);
  }
  float below = 0;
  if (!layers_.empty()) {
    const auto& [y, last] = *std::prev(layers_.end());
    below = std::max(top, y + last.height + kLaterGap);
  }
  const float x = std::max(std::min(wish_x, limit_ - width), 0.0F);
  consider(box, wish_x, top, below, x, best_cost);
  box.x += (width - box.width) / 2;
  add(box);
}

float FreePlaces::Layer::nearest(float wish, float width, float box_gap, float lane_gap) const {
  const float left = move(wish, width, box_gap, lane_gap, false);
  const float right = move(wish, width, box_gap, lane_gap, true);
  return left >= 0 && wish - left <= right - wish ? left : right;
}

// From x on in one direction, past all that is in the way.
float FreePlaces::Layer::move(float x, float width, float box_gap, float lane_gap,
                              bool right) const {
  for (int step = 0; right || x >= 0; ++step) {
    const float from = x - box_gap;
    const float to = x + width + box_gap;
    // Of boxes that are in the way the last one to the right, or the first one to the left.
    auto box = boxes.lower_bound(to);
    bool blocked = box != boxes.begin() && std::prev(box)->second > from;
    if (blocked && right) x = std::prev(box)->second + box_gap;
    if (blocked && !right) {
      box = boxes.upper_bound(from);
      if (box != boxes.begin() && std::prev(box)->second > from) --box;
      x = box->first - box_gap - width;
    }
    if (blocked || step > kStepsMax) {
      if (blocked) continue;
      break;
    }
    const auto first = lanes.upper_bound(x - lane_gap);
    const auto last = lanes.lower_bound(x + width + lane_gap);
    if (first == last) break;
    x = right ? *std::prev(last) + lane_gap : *first - lane_gap - width;
  }
  return x;
}

bool FreePlaces::passes_layers(const LayoutBox& from, const LayoutBox& to) const {
  const auto next = layers_.upper_bound(from.y);
  return next != layers_.end() && next->first < to.y;
}

// One x that is free in all layers: over the end, else under the start; else for each layer the
// free x nearest to where the edge was before.
LayoutLane FreePlaces::find_lane(const LayoutBox& from, const LayoutBox& to) const {
  LayoutLane lane{from.slot, to.slot, {}};
  const auto begin = layers_.upper_bound(from.y);
  const auto end = layers_.lower_bound(to.y);
  std::ptrdiff_t passed = 0;
  for (auto layer = begin; layer != end && passed <= kLayersSearched; ++layer) ++passed;
  if (passed > kLayersSearched) {
    const float outside = outer_ == 0 ? right_ + 2 * kSiblingGap : limit_ + kSiblingGap;
    lane.steps.push_back(
        {begin->first, outside + static_cast<float>(outer_ % kOuterLanes) * kLaneGap});
    lane.outer = true;
    return lane;
  }
  const float start_x = std::round(from.x + from.width / 2);
  const float end_x = std::round(to.x + to.width / 2);
  for (const float x : {end_x, start_x}) {
    if (!std::all_of(begin, end, [x](const auto& one) { return one.second.is_free(x); })) continue;
    lane.steps.push_back({begin->first, x});
    return lane;
  }
  float x = start_x;
  for (auto layer = begin; layer != end; ++layer) {
    if (!layer->second.is_free(x)) x = layer->second.nearest(x, 0, kLaneGap, kLaneGap);
    if (lane.steps.empty() || lane.steps.back().x != x) lane.steps.push_back({layer->first, x});
  }
  return lane;
}

// For a lane.
bool FreePlaces::Layer::is_free(float x) const {
  const auto box = boxes.lower_bound(x + kLaneGap);
  if (box != boxes.begin() && std::prev(box)->second > x - kLaneGap) return false;
  const auto lane = lanes.upper_bound(x - kLaneGap);
  return lane == lanes.end() || *lane >= x + kLaneGap;
}

bool FreePlaces::grow(LayoutBox& box, const LoopSize& size) {
  if (size.width <= box.width && size.height <= box.height) return false;
  const auto layer = layers_.find(box.y);
  Layer& row = layer->second;
  const auto self = row.boxes.find(room_left(box));
  const float middle = box.x + box.width / 2;
  // What is free to both sides, its own room included.
  float half = std::max(size.width, box.width) / 2;
  half = std::min({half, middle, limit_ - middle});
  if (self != row.boxes.begin())
    half = std::min(half, middle - std::prev(self)->second - kSiblingGap);
  if (std::next(self) != row.boxes.end())
    half = std::min(half, std::next(self)->first - kSiblingGap - middle);
  auto lane = row.lanes.lower_bound(middle);
  if (lane != row.lanes.end()) half = std::min(half, *lane - kLaneGap - middle);
  if (lane != row.lanes.begin()) half = std::min(half, middle - *std::prev(lane) - kLaneGap);
  const float width = std::max(std::floor(half) * 2, box.width);
  float height = std::max(size.height, box.height);
  if (const auto next = std::next(layer); next != layers_.end())
    height = std::min(height, next->first - kLayerGap - box.y);
  height = std::max(height, box.height);
  if (width == box.width && height == box.height) return false;
  row.boxes.erase(self);
  box.x = middle - width / 2;
  box.width = width;
  box.height = height;
  add(box);
  return true;
}

}  // namespace telltale::drawing
