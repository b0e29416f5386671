#include "drawing/layer_order.h"

#include <algorithm>

namespace telltale::drawing {
namespace {

// Sweeps over the whole graph: what small ones need to settle, what large ones can afford.
constexpr std::size_t kSweepsMin = 4;
constexpr std::size_t kSweepsMax = 24;
constexpr std::size_t kLinksSwept = 48'000;
// Neighbours are exchanged in rounds until nothing gets better, in graphs of so many links.
constexpr std::size_t kExchangeLinks = 3'000;
constexpr int kExchangeRounds = 8;
// Sweeps that bring nothing before an order counts as settled.
constexpr std::size_t kPatience = 8;
// Counted for a vertex that is sorted, and for a link whose crossings are.
constexpr std::uint64_t kSortSteps = 8;
constexpr std::uint64_t kCountSteps = 10;

class Sweeper {
 public:
  Sweeper(LayerGraph& graph, Work& work)
      : graph_(graph), work_(work), place_(graph.vertices(), 0), wish_(graph.vertices(), 0) {
    for (const std::vector<Vertex>& layer : graph_.layers) number(layer);
  }

  void run() {
    const std::size_t size = graph_.links() + graph_.vertices() + 1;
    const std::size_t sweeps = std::clamp(kLinksSwept / size, kSweepsMin, kSweepsMax);
    best_ = graph_.layers;
    fewest_ = crossings();
    search(sweeps, false);
    if (graph_.links() > kExchangeLinks) return keep_best();
    // From the best order on, and from where the sweeps led.
    search(sweeps, true);
    keep_best();
    search(sweeps, true);
    keep_best();
  }

  std::size_t crossings() {
    std::size_t sum = 0;
    work_.add(kCountSteps * graph_.links() + graph_.vertices());
    for (std::size_t i = 1; i < graph_.layers.size(); ++i) sum += crossings_above(i);
    return sum;
  }

 private:
  void search(std::size_t sweeps, bool exchanging) {
    std::size_t idle = 0;
    keep_free_ = exchanging;
    for (std::size_t i = 0; i < sweeps && fewest_ > 0 && idle < kPatience && !work_.is_over();
         ++i) {
      // While exchanging, ties keep their order in two sweeps and turn it in the next two.
      if (exchanging) exchange();
      if (exchanging) note(idle);
      sweep(i % 2 == 0, exchanging && i % 4 >= 2);
      note(idle);
    }
  }

  void note(std::size_t& idle) {
    const std::size_t now = crossings();
    ++idle;
    if (now >= fewest_) return;
    fewest_ = now;
    best_ = graph_.layers;
    idle = 0;
  }

  void keep_best() {
    graph_.layers = best_;
    for (const std::vector<Vertex>& layer : graph_.layers) number(layer);
  }

  void number(const std::vector<Vertex>& layer) {
    for (std::uint32_t i = 0; i < layer.size(); ++i) place_[layer[i]] = i;
  }

  void sweep(bool down, bool turn_ties) {
    work_.add(graph_.links() + kSortSteps * graph_.vertices());
    for (std::size_t i = 0; i < graph_.layers.size(); ++i)
      sort_layer(graph_.layers[down ? i : graph_.layers.size() - 1 - i], down, turn_ties);
  }

  // Each by the mean place of its neighbours. Those without any count by their own place, or, in
  // every other search, keep it.
  void sort_layer(std::vector<Vertex>& layer, bool down, bool turn_ties) {
    movable_.clear();
    for (const Vertex vertex : layer) {
      const std::vector<Vertex>& fixed = down ? graph_.above(vertex) : graph_.below(vertex);
      if (fixed.empty()) {
        wish_[vertex] = keep_free_ ? -1.0 : static_cast<double>(place_[vertex]);
        if (!keep_free_) movable_.push_back(vertex);
        continue;
      }
      double sum = 0;
      for (const Vertex other : fixed) sum += place_[other];
      wish_[vertex] = sum / static_cast<double>(fixed.size());
      movable_.push_back(vertex);
    }
    if (turn_ties) std::reverse(movable_.begin(), movable_.end());
    std::stable_sort(movable_.begin(), movable_.end(),
                     [this](Vertex a, Vertex b) { return wish_[a] < wish_[b]; });
    auto next = movable_.begin();
    for (Vertex& vertex : layer) {
      if (wish_[vertex] >= 0) vertex = *next++;
    }
    number(layer);
  }

  // Crossings of the links between layer `at` and the one above: inversions, counted in a Fenwick
  // tree over the places above (Barth, Jünger, Mutzel 2002).
  std::size_t crossings_above(std::size_t at) {
    const std::size_t width = graph_.layers[at - 1].size();
    tree_.assign(width + 1, 0);
    std::size_t sum = 0;
    std::size_t seen = 0;
    for (const Vertex vertex : graph_.layers[at]) {
      places_.clear();
      for (const Vertex other : graph_.above(vertex)) places_.push_back(place_[other]);
      for (const std::uint32_t place : places_) {
        std::size_t left = 0;
        for (std::size_t i = std::size_t{place} + 1; i > 0; i &= i - 1) left += tree_[i];
        sum += seen - left;
      }
      for (const std::uint32_t place : places_) {
        for (std::size_t i = std::size_t{place} + 1; i <= width; i += i & (~i + 1)) ++tree_[i];
      }
      seen += places_.size();
    }
    return sum;
  }

  void exchange() {
    for (int round = 0; round < kExchangeRounds && !work_.is_over(); ++round) {
      bool better = false;
      for (std::vector<Vertex>& layer : graph_.layers) {
        if (work_.is_over()) return;
        for (std::size_t i = 1; i < layer.size(); ++i) {
          const Vertex a = layer[i - 1];
          const Vertex b = layer[i];
          const auto [as_is, turned] = compare(a, b);
          if (turned >= as_is) continue;
          std::swap(layer[i - 1], layer[i]);
          std::swap(place_[a], place_[b]);
          better = true;
        }
      }
      if (!better) return;
    }
  }

  // Crossings among the links of a and b: with a left of b, and with b left of a.
  std::pair<std::size_t, std::size_t> compare(Vertex a, Vertex b) {
    const auto above = compare(graph_.above(a), graph_.above(b));
    const auto below = compare(graph_.below(a), graph_.below(b));
    return {above.first + below.first, above.second + below.second};
  }

  std::pair<std::size_t, std::size_t> compare(const std::vector<Vertex>& a,
                                              const std::vector<Vertex>& b) {
    work_.add(a.size() * b.size() + 1);
    std::size_t as_is = 0;
    std::size_t turned = 0;
    for (const Vertex one : a) {
      for (const Vertex other : b) {
        if (place_[one] > place_[other]) ++as_is;
        if (place_[one] < place_[other]) ++turned;
      }
    }
    return {as_is, turned};
  }

  LayerGraph& graph_;
  Work& work_;
  std::vector<std::vector<Vertex>> best_;
  std::size_t fewest_ = 0;
  bool keep_free_ = false;
  std::vector<std::uint32_t> place_;  // in its layer
  std::vector<double> wish_;
  std::vector<Vertex> movable_;
  std::vector<std::uint32_t> places_;
  std::vector<std::size_t> tree_;
};

}  // namespace

void order_layers(LayerGraph& graph, Work& work) { Sweeper(graph, work).run(); }

std::size_t count_crossings(const LayerGraph& graph) {
  LayerGraph copy = graph;
  Work work;
  return Sweeper(copy, work).crossings();
}

}  // namespace telltale::drawing
