#include "drawing/layer_order.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "drawing/test_graphs.h"

namespace telltale::drawing {
namespace {

// The barycenter ordering that everybody has, as a measure: eight sweeps, the last order stays.
std::size_t barycenter_crossings(LayerGraph graph) {
  std::vector<double> place(graph.vertices(), 0);
  const auto number = [&](const std::vector<Vertex>& layer) {
    for (std::size_t i = 0; i < layer.size(); ++i) place[layer[i]] = static_cast<double>(i);
  };
  for (const std::vector<Vertex>& layer : graph.layers) number(layer);
  for (int sweep = 0; sweep < 8; ++sweep) {
    for (std::size_t i = 0; i < graph.layers.size(); ++i) {
      const bool down = sweep % 2 == 0;
      std::vector<Vertex>& layer = graph.layers[down ? i : graph.layers.size() - 1 - i];
      std::vector<std::pair<double, Vertex>> sorted;
      for (const Vertex vertex : layer) {
        const std::vector<Vertex>& fixed = down ? graph.above(vertex) : graph.below(vertex);
        double sum = 0;
        for (const Vertex other : fixed) sum += place[other];
        sorted.emplace_back(fixed.empty() ? place[vertex] : sum / static_cast<double>(fixed.size()),
                            vertex);
      }
      std::stable_sort(sorted.begin(), sorted.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      for (std::size_t k = 0; k < layer.size(); ++k) layer[k] = sorted[k].second;
      number(layer);
    }
  }
  return count_crossings(graph);
}

TEST(LayerOrder, CrossesNoMoreThanTheBarycenterOrdering) {
  std::size_t ours = 0;
  std::size_t theirs = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    Work work;
    const BoxGraph graph =
        make_box_graph(random_graph(seed, 10 + static_cast<int>(seed)).tasks, work);
    LayerGraph layers(graph, work);
    const std::size_t barycenter = barycenter_crossings(layers);
    order_layers(layers, work);
    const std::size_t crossings = count_crossings(layers);
    EXPECT_LE(crossings, barycenter);
    ours += crossings;
    theirs += barycenter;
  }
  EXPECT_LT(ours * 4, theirs * 3);
  RecordProperty("crossings", static_cast<int>(ours));
  RecordProperty("barycenter", static_cast<int>(theirs));
}

TEST(LayerOrder, CountsWhatCrosses) {
  TestGraph graph;
  graph.add("a").add("b").add("c", {"b"}).add("d", {"a"});
  Work work;
  const BoxGraph boxes = make_box_graph(graph.tasks, work);
  LayerGraph layers(boxes, work);
  layers.layers = {{0, 1}, {2, 3}};
  EXPECT_EQ(count_crossings(layers), 1U);
  order_layers(layers, work);
  EXPECT_EQ(count_crossings(layers), 0U);
}

TEST(LayerOrder, TreesAndLaddersDoNotCross) {
  for (const TestGraph& graph : {ladder_graph(20), fan_graph(20), chain_graph(50)}) {
    Work work;
    const BoxGraph boxes = make_box_graph(graph.tasks, work);
    LayerGraph layers(boxes, work);
    order_layers(layers, work);
    EXPECT_EQ(count_crossings(layers), 0U);
  }
}

}  // namespace
}  // namespace telltale::drawing
