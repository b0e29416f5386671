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
// Places taken by lanes, beyond which what is found later runs outside too: a run that is read
// again finds all of them again.
constexpr std::size_t kTakenMost = 400'000;
constexpr float kNever = std::numeric_limits<float>::infinity();
// Counted for a look at one layer, and for a lane's place in one.
constexpr std::uint64_t kLookSteps = 12;
constexpr std::uint64_t kTakeSteps = 16;

float room_left(const LayoutBox& box) { return box.x + (box.width - room_width(box)) / 2; }

}  // namespace

bool FreePlaces::add(const LayoutBox& box) {
  Layer& layer = layers_[box.y];
  const float right = room_left(box) + room_width(box);
  const auto [self, added] = layer.boxes.emplace(room_left(box), right);
  layer.height = std::max(layer.height, room_height(box));
  right_ = std::max(right_, right);
  if (!added || (std::next(self) != layer.boxes.end() && std::next(self)->first < right))
    return false;
  return self == layer.boxes.begin() || std::prev(self)->second <= self->first;
}

void FreePlaces::add(const LayoutLane& lane, const LayoutBox& to, Work& work) {
  work.add(kLookSteps + lane.steps.size());
  if (lane.outer) {
    ++outer_;
    limit_ = std::min(limit_, lane.steps.front().x - kSiblingGap);
    return;
  }
  for (const LayoutLane::Step& one : lane.steps) right_ = std::max(right_, one.x);
  const auto begin = layers_.lower_bound(lane.steps.front().y);
  const auto end = layers_.lower_bound(to.y);
  if (begin == layers_.end() || begin->first >= to.y) return;
  const float first = begin->first;
  const float last = std::prev(end)->first;
  if (lane.shared == LayoutLane::Shared::no) return take(lane, first, last, work);
  const bool from = lane.shared == LayoutLane::Shared::from;
  const Trunk trunk{lane.shared, from ? lane.from : lane.to,
                    from ? lane.steps.front().x : lane.steps.back().x};
  const auto [found, added] = trunks_.try_emplace(trunk, Taken{first, last});
  if (added) return take(lane, first, last, work);
  // Only what this edge adds to it, at the end where it leaves the trunk.
  Taken& taken = found->second;
  if (first < taken.from) {
    take(lane, first, std::min(last, taken.from), work);
    taken.from = first;
  }
  if (last > taken.to) {
    take(lane, std::max(first, taken.to), last, work);
    taken.to = last;
  }
}

// In the layers from the one at `first` up to the one at `last`.
void FreePlaces::take(const LayoutLane& lane, float first, float last, Work& work) {
  auto step = lane.steps.begin();
  for (auto layer = layers_.lower_bound(first); layer != layers_.end(); ++layer) {
    if (layer->first > last || work.is_over()) break;
    while (std::next(step) != lane.steps.end() && std::next(step)->y <= layer->first) ++step;
    work.add(kTakeSteps);
    if (layer->second.lanes.insert(step->x).second) ++taken_;
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

void FreePlaces::place(LayoutBox& box, float wish_x, float top, Work& work) {
  const float width = room_width(box);
  const float height = room_height(box);
  float best_cost = kNever;
  std::size_t tried = 0;
  for (auto layer = layers_.lower_bound(top); layer != layers_.end(); ++layer) {
    work.add(kLookSteps);
    if (++tried > kLayersTried || (layer->first - top) * kLowerCost >= best_cost) break;
    const auto next = std::next(layer);
    if (next != layers_.end() && layer->first + height + kLayerGap > next->first) continue;
    const float x = layer->second.nearest(wish_x, width, kSiblingGap, kLaneGap, work);
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

float FreePlaces::Layer::nearest(float wish, float width, float box_gap, float lane_gap,
                                 Work& work) const {
  const float left = move(wish, width, box_gap, lane_gap, false, work);
  const float right = move(wish, width, box_gap, lane_gap, true, work);
  return left >= 0 && wish - left <= right - wish ? left : right;
}

// From x on in one direction, past all that is in the way; or anywhere, once the work is over.
float FreePlaces::Layer::move(float x, float width, float box_gap, float lane_gap, bool right,
                              Work& work) const {
  for (int step = 0; (right || x >= 0) && !work.is_over(); ++step) {
    work.add(kLookSteps);
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
LayoutLane FreePlaces::find_lane(const LayoutBox& from, const LayoutBox& to, Work& work) const {
  LayoutLane lane{from.slot, to.slot, {}};
  const auto begin = layers_.upper_bound(from.y);
  const auto end = layers_.lower_bound(to.y);
  std::ptrdiff_t passed = 0;
  for (auto layer = begin; layer != end && passed <= kLayersSearched; ++layer) ++passed;
  work.add(kLookSteps + static_cast<std::uint64_t>(passed));
  const auto outside = [&] {
    const float edge = outer_ == 0 ? right_ + 2 * kSiblingGap : limit_ + kSiblingGap;
    lane.steps = {{begin->first, edge + static_cast<float>(outer_ % kOuterLanes) * kLaneGap}};
    lane.outer = true;
    return lane;
  };
  if (passed > kLayersSearched || taken_ > kTakenMost || work.is_over()) return outside();
  const float start_x = std::round(from.x + from.width / 2);
  const float end_x = std::round(to.x + to.width / 2);
  const auto is_free = [&](const Layer& layer, float at) {
    work.add(kLookSteps);
    return layer.is_free(at);
  };
  for (const float x : {end_x, start_x}) {
    if (!std::all_of(begin, end, [&](const auto& one) { return is_free(one.second, x); })) continue;
    lane.steps.push_back({begin->first, x});
    return lane;
  }
  float x = start_x;
  for (auto layer = begin; layer != end; ++layer) {
    if (!is_free(layer->second, x)) x = layer->second.nearest(x, 0, kLaneGap, kLaneGap, work);
    if (lane.steps.empty() || lane.steps.back().x != x) lane.steps.push_back({layer->first, x});
  }
  return work.is_over() ? outside() : lane;
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
