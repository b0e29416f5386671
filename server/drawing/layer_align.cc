#include "drawing/layer_align.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace telltale::drawing {
namespace {

constexpr int kSweeps = 8;
// Sweeps that weigh both sides, by medians; small graphs can afford more of them.
constexpr std::size_t kMedianSweepsMax = 24;
constexpr std::size_t kMedianVertices = 6'000;
// A vertex with nothing to align with follows the others.
constexpr double kFreeWeight = 0.05;
constexpr double kGridWeight = 16;
// Counted for a vertex that is aligned, beside its links.
constexpr std::uint64_t kVertexSteps = 4;

struct Wish {
  double at;
  double weight;
  bool operator<(const Wish& other) const { return at < other.at; }
};

// Where the sum of weighted distances is least; of several such places the one nearest to the mean,
// so that neighbouring layers agree on one and chains do not drift aside. Sorts `wishes`.
double weighted_median(std::vector<Wish>& wishes, Work& work) {
  work.add(wishes.size() * std::bit_width(wishes.size()) / 2);
  std::sort(wishes.begin(), wishes.end());
  double total = 0;
  double sum = 0;
  for (const Wish& wish : wishes) {
    total += wish.weight;
    sum += wish.weight * wish.at;
  }
  double below = 0;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    below += wishes[i].weight;
    if (below * 2 > total * (1 + 1e-9)) return wishes[i].at;
    if (below * 2 >= total * (1 - 1e-9) && i + 1 < wishes.size())
      return std::clamp(sum / total, wishes[i].at, wishes[i + 1].at);
  }
  return wishes.back().at;
}

class Aligner {
 public:
  Aligner(const LayerGraph& graph, Work& work)
      : graph_(graph), work_(work), center_(graph.vertices(), 0) {}

  std::vector<double> run() {
    pair_rows();
    for (const std::vector<Vertex>& layer : graph_.layers) pack(layer);
    for (int sweep = 0; sweep < kSweeps; ++sweep)
      each_layer(sweep % 2 == 0, [&](const auto& layer) {
        align(layer, sweep % 2 == 0 ? Side::above : Side::below);
      });
    each_layer(true, [&](const auto& layer) { align(layer, Side::both); });
    const std::size_t sweeps =
        std::min(kMedianSweepsMax, kMedianVertices / (graph_.vertices() + 1));
    for (std::size_t sweep = 0; sweep < sweeps; ++sweep)
      each_layer(sweep % 2 == 0, [&](const auto& layer) { align_by_medians(layer); });
    return std::move(center_);
  }

 private:
  enum class Side { above, below, both };

  template <typename Step>
  void each_layer(bool down, const Step& step) {
    const std::size_t count = graph_.layers.size();
    for (std::size_t i = 0; i < count && !work_.is_over(); ++i)
      step(graph_.layers[down ? i : count - 1 - i]);
  }

  // The rows of one rank stand as a grid.
  void pair_rows() {
    upper_.assign(graph_.vertices(), kNoNode);
    lower_.assign(graph_.vertices(), kNoNode);
    const auto boxes = [this](std::size_t layer) {
      std::vector<Vertex> found;
      for (const Vertex vertex : graph_.layers[layer]) {
        if (!graph_.is_bend(vertex)) found.push_back(vertex);
      }
      return found;
    };
    const std::vector<std::uint32_t>& rank = graph_.boxes().rank;
    std::vector<Vertex> above;
    for (std::size_t i = 0; i < graph_.layers.size(); ++i) {
      std::vector<Vertex> row = boxes(i);
      if (!above.empty() && !row.empty() && rank[above.front()] == rank[row.front()]) {
        for (std::size_t k = 0; k < std::min(above.size(), row.size()); ++k) {
          lower_[above[k]] = row[k];
          upper_[row[k]] = above[k];
        }
      }
      above = std::move(row);
    }
  }

  // Side by side around x = 0.
  void pack(const std::vector<Vertex>& layer) {
    double x = 0;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (i > 0) x += graph_.apart(layer[i - 1], layer[i]);
      center_[layer[i]] = x;
    }
    for (const Vertex vertex : layer) center_[vertex] -= x / 2;
  }

  // Ω of Gansner et al.: the longer an edge, the more it should be straight.
  double weight(Vertex a, Vertex b) const {
    const bool rows = graph_.is_beside_rows(a) != graph_.is_beside_rows(b);
    if (rows) return kFreeWeight;
    const int bends = (graph_.is_bend(a) ? 1 : 0) + (graph_.is_bend(b) ? 1 : 0);
    return bends == 0 ? 1 : bends == 1 ? 2 : 8;
  }

  void collect(Vertex vertex, Side side) {
    wishes_.clear();
    work_.add(3 * (graph_.above(vertex).size() + graph_.below(vertex).size()) + kVertexSteps);
    if (side != Side::below) {
      for (const Vertex other : graph_.above(vertex))
        wishes_.push_back({center_[other], weight(vertex, other)});
      if (upper_[vertex] != kNoNode) wishes_.push_back({center_[upper_[vertex]], kGridWeight});
    }
    if (side != Side::above) {
      for (const Vertex other : graph_.below(vertex))
        wishes_.push_back({center_[other], weight(vertex, other)});
      if (lower_[vertex] != kNoNode) wishes_.push_back({center_[lower_[vertex]], kGridWeight});
    }
  }

  // Every vertex as near as the others let it to the median of its neighbours: isotonic regression
  // by pooling adjacent violators, on places from which the room of those to the left is taken.
  void align(const std::vector<Vertex>& layer, Side side) {
    pools_.clear();
    double room = 0;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (i > 0) room += graph_.apart(layer[i - 1], layer[i]);
      collect(layer[i], side);
      Pool pool{center_[layer[i]], kFreeWeight, 1};
      if (!wishes_.empty()) {
        pool.weight = 0;
        for (const Wish& wish : wishes_) pool.weight += wish.weight;
        pool.sum = weighted_median(wishes_, work_);
      }
      pool.sum = (pool.sum - room) * pool.weight;
      pools_.push_back(pool);
      while (pools_.size() > 1 && pools_[pools_.size() - 2].place() >= pools_.back().place()) {
        const Pool last = pools_.back();
        pools_.pop_back();
        pools_.back().sum += last.sum;
        pools_.back().weight += last.weight;
        pools_.back().count += last.count;
      }
    }
    room = 0;
    std::size_t i = 0;
    for (const Pool& pool : pools_) {
      for (std::size_t end = i + pool.count; i < end; ++i) {
        if (i > 0) room += graph_.apart(layer[i - 1], layer[i]);
        center_[layer[i]] = pool.place() + room;
      }
    }
  }

  // The same with the sum of weighted distances as what is least, which leaves more edges exactly
  // straight.
  void align_by_medians(const std::vector<Vertex>& layer) {
    std::vector<MedianPool> pools;
    double room = 0;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (i > 0) room += graph_.apart(layer[i - 1], layer[i]);
      collect(layer[i], Side::both);
      if (wishes_.empty()) wishes_.push_back({center_[layer[i]], kFreeWeight});
      MedianPool pool{wishes_, 1, 0};
      for (Wish& wish : pool.wishes) wish.at -= room;
      pool.place = weighted_median(pool.wishes, work_);
      if (work_.is_over()) return;
      while (!pools.empty() && pools.back().place >= pool.place) {
        MedianPool& before = pools.back();
        pool.wishes.insert(pool.wishes.end(), before.wishes.begin(), before.wishes.end());
        pool.count += before.count;
        pools.pop_back();
        if (work_.is_over()) return;
        pool.place = weighted_median(pool.wishes, work_);
      }
      pools.push_back(std::move(pool));
    }
    room = 0;
    std::size_t i = 0;
    for (const MedianPool& pool : pools) {
      for (std::size_t end = i + pool.count; i < end; ++i) {
        if (i > 0) room += graph_.apart(layer[i - 1], layer[i]);
        center_[layer[i]] = pool.place + room;
      }
    }
  }

  struct Pool {
    double sum;
    double weight;
    std::size_t count;
    double place() const { return sum / weight; }
  };
  struct MedianPool {
    std::vector<Wish> wishes;
    std::size_t count;
    double place;
  };

  const LayerGraph& graph_;
  Work& work_;
  std::vector<double> center_;
  std::vector<Vertex> upper_;  // of a box, the one of the same rank in the row above
  std::vector<Vertex> lower_;
  std::vector<Wish> wishes_;
  std::vector<Pool> pools_;
};

}  // namespace

std::vector<double> align_layers(const LayerGraph& graph, Work& work) {
  return Aligner(graph, work).run();
}

}  // namespace telltale::drawing
