#include "fold/layered_layout.h"

#include <algorithm>
#include <cmath>

namespace telltale::fold {
namespace {

constexpr int kOrderSweeps = 8;  // barycenter settles within a few
constexpr int kAlignSweeps = 8;
// Wider layers are cut in rows, so that a flat run of thousands is no line of kilometres.
constexpr std::size_t kRowBoxes = 24;
// A box with nothing to align with follows the others.
constexpr double kFreeWeight = 0.05;
// One that has its place hardly gives way to others that still look for theirs.
constexpr double kStayWeight = 1'000;

class Layout {
 public:
  explicit Layout(BoxGraph& graph) : graph_(graph), center_(graph.boxes.size(), 0) {}

  void run() {
    make_layers();
    for (int sweep = 0; sweep < kOrderSweeps; ++sweep) order_layers(sweep % 2 == 0);
    cut_wide_layers();
    for (const std::vector<Node>& layer : layers_) pack(layer);
    for (int sweep = 0; sweep < kAlignSweeps; ++sweep)
      align_layers(sweep % 2 == 0 ? Toward::above : Toward::below);
    // A task stands under what leads to it, and what nothing leads to over what it leads to.
    align_layers(Toward::above);
    align_layers(Toward::below_from_top);
    write();
  }

 private:
  float width(Node node) const { return graph_.boxes[node].width; }

  // Within a layer: as a walk from the tops, depth first, meets them, so that trees do not cross.
  void make_layers() {
    const Node count = static_cast<Node>(graph_.boxes.size());
    std::uint32_t deepest = 0;
    for (Node node = 0; node < count; ++node) deepest = std::max(deepest, graph_.rank[node]);
    layers_.resize(count == 0 ? 0 : std::size_t{deepest} + 1);
    std::vector<char> seen(count, 0);
    std::vector<Node> stack;
    for (Node top = 0; top < count; ++top) {
      if (!graph_.above[top].empty()) continue;
      stack.push_back(top);
      while (!stack.empty()) {
        const Node node = stack.back();
        stack.pop_back();
        if (seen[node] != 0) continue;
        seen[node] = 1;
        layers_[graph_.rank[node]].push_back(node);
        stack.insert(stack.end(), graph_.below[node].rbegin(), graph_.below[node].rend());
      }
    }
    for (const std::vector<Node>& layer : layers_) pack(layer);
  }

  // Side by side around x = 0.
  void pack(const std::vector<Node>& layer) {
    double total = -kSiblingGap;
    for (const Node node : layer) total += width(node) + kSiblingGap;
    double x = -total / 2;
    for (const Node node : layer) {
      center_[node] = x + width(node) / 2;
      x += width(node) + kSiblingGap;
    }
  }

  double mean(const std::vector<Node>& nodes) const {
    double sum = 0;
    for (const Node node : nodes) sum += center_[node];
    return sum / static_cast<double>(nodes.size());
  }

  double median(const std::vector<Node>& nodes) {
    centers_.clear();
    for (const Node node : nodes) centers_.push_back(center_[node]);
    std::sort(centers_.begin(), centers_.end());
    const std::size_t half = centers_.size() / 2;
    return centers_.size() % 2 == 1 ? centers_[half] : (centers_[half - 1] + centers_[half]) / 2;
  }

  void order_layers(bool down) {
    std::vector<double> wish(graph_.boxes.size());
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      std::vector<Node>& layer = layers_[down ? i : layers_.size() - 1 - i];
      for (const Node node : layer) {
        const std::vector<Node>& fixed = down ? graph_.above[node] : graph_.below[node];
        wish[node] = fixed.empty() ? center_[node] : mean(fixed);
      }
      std::stable_sort(layer.begin(), layer.end(),
                       [&](Node a, Node b) { return wish[a] < wish[b]; });
      pack(layer);
    }
  }

  void cut_wide_layers() {
    std::vector<std::vector<Node>> rows;
    for (const std::vector<Node>& layer : layers_) {
      const std::size_t count = (layer.size() + kRowBoxes - 1) / kRowBoxes;
      const std::size_t each = (layer.size() + count - 1) / count;
      for (std::size_t at = 0; at < layer.size(); at += each) {
        rows.emplace_back(
            layer.begin() + static_cast<std::ptrdiff_t>(at),
            layer.begin() + static_cast<std::ptrdiff_t>(std::min(at + each, layer.size())));
      }
    }
    layers_ = std::move(rows);
  }

  enum class Toward { above, below, below_from_top };

  void align_layers(Toward toward) {
    const bool down = toward == Toward::above;
    for (std::size_t i = 0; i < layers_.size(); ++i)
      align(layers_[down ? i : layers_.size() - 1 - i], toward);
  }

  struct Wish {
    double center;
    double weight;
  };

  Wish wish_of(Node node, Toward toward) {
    if (toward == Toward::below_from_top && !graph_.above[node].empty())
      return {center_[node], kStayWeight};
    const std::vector<Node>& fixed =
        toward == Toward::above ? graph_.above[node] : graph_.below[node];
    if (fixed.empty()) return {center_[node], kFreeWeight};
    // The nearer, the straighter: a long edge bends anyway.
    std::uint32_t nearest = UINT32_MAX;
    for (const Node other : fixed) {
      const std::uint32_t a = graph_.rank[node];
      const std::uint32_t b = graph_.rank[other];
      nearest = std::min(nearest, a < b ? b - a : a - b);
    }
    return {median(fixed), std::pow(nearest, -4)};
  }

  // Every box as near as the others let it to the median of its neighbours: isotonic regression by
  // pooling adjacent violators, on places from which the room of the boxes to the left is taken.
  void align(const std::vector<Node>& layer, Toward toward) {
    struct Pool {
      double sum;
      double weight;
      std::size_t count;
      double place() const { return sum / weight; }
    };
    std::vector<Pool> pools;
    std::vector<double> room(layer.size(), 0);
    for (std::size_t i = 0; i < layer.size(); ++i) {
      const Node node = layer[i];
      if (i > 0) room[i] = room[i - 1] + (width(layer[i - 1]) + width(node)) / 2 + kSiblingGap;
      const Wish wish = wish_of(node, toward);
      pools.push_back({(wish.center - room[i]) * wish.weight, wish.weight, 1});
      while (pools.size() > 1 && pools[pools.size() - 2].place() >= pools.back().place()) {
        const Pool pool = pools.back();
        pools.pop_back();
        pools.back().sum += pool.sum;
        pools.back().weight += pool.weight;
        pools.back().count += pool.count;
      }
    }
    std::size_t i = 0;
    for (const Pool& pool : pools) {
      for (std::size_t end = i + pool.count; i < end; ++i)
        center_[layer[i]] = pool.place() + room[i];
    }
  }

  void write() {
    double left = 0;
    bool first = true;
    for (Node node = 0; node < graph_.boxes.size(); ++node) {
      const double x = center_[node] - width(node) / 2;
      if (first || x < left) left = x;
      first = false;
    }
    float y = 0;
    for (const std::vector<Node>& layer : layers_) {
      float height = 0;
      float right = -kSiblingGap;
      for (const Node node : layer) {
        LayoutBox& box = graph_.boxes[node];
        // Whole pixels; rounding must not take a box into its neighbour's room.
        box.x = std::max(static_cast<float>(std::round(center_[node] - width(node) / 2 - left)),
                         right + kSiblingGap);
        box.y = y;
        right = box.x + box.width;
        height = std::max(height, box.height);
      }
      y += height + kLayerGap;
    }
  }

  BoxGraph& graph_;
  std::vector<std::vector<Node>> layers_;
  std::vector<double> center_;
  std::vector<double> centers_;
};

}  // namespace

void place_all(BoxGraph& graph) { Layout(graph).run(); }

}  // namespace telltale::fold
