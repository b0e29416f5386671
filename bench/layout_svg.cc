// Draws a layout as SVG, to look at: layout_svg GRAPH [SIZE] [one] > graph.svg
// `one`: its tasks become known one by one. GRAPH `-`: read from standard input, the number of
// tasks and then pairs of from and to. What it cost is told on standard error, in CPU time.
#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "drawing/graph_layout.h"
#include "drawing/test_graphs.h"

namespace telltale::drawing {
namespace {

TestGraph read_graph() {
  TestGraph graph;
  std::size_t count = 0;
  std::cin >> count;
  std::vector<std::vector<std::string>> depends_on(count);
  for (std::size_t from = 0, to = 0; std::cin >> from >> to;)
    depends_on.at(to).push_back("task-" + std::to_string(from));
  for (std::size_t i = 0; i < count; ++i) graph.add("task-" + std::to_string(i), depends_on[i]);
  return graph;
}

TestGraph graph_of(const std::string& name, int size) {
  if (name == "-") return read_graph();
  if (name == "example") return breast_cancer_graph();
  if (name == "mammography") return mammography_graph(size);
  if (name == "conditions") return conditions_graph();
  if (name == "chain") return chain_graph(size);
  if (name == "fan") return fan_graph(size);
  if (name == "ladder") return ladder_graph(size);
  if (name == "layered") return layered_graph(size, 10);
  if (name.starts_with("random")) return random_graph(std::stoull("0" + name.substr(6)), size);
  fmt::print(stderr,
             "graphs: example mammography conditions chain fan ladder layered randomSEED\n");
  std::exit(2);
}

void draw_mosaic(const LayoutBox& box, std::uint32_t items, std::uint32_t stages) {
  const float width = box.width - 2 * kLoopSide;
  const float height = box.height - kLoopHeader - kLoopFoot;
  std::uint32_t rows = items <= kCellColumns && stages >= 2 && stages <= kStagesMax ? stages : 0;
  float cell = kCellMax;
  std::uint32_t columns = 1;
  for (; cell >= kCellMin; --cell) {
    columns = std::min(static_cast<std::uint32_t>(width / cell), kCellColumns);
    const std::uint32_t needs = rows != 0 ? rows : (items + columns - 1) / columns;
    if (static_cast<float>(needs) * cell <= height) break;
  }
  cell = std::max(cell, kCellMin);
  const std::uint32_t room = columns * static_cast<std::uint32_t>(height / cell);
  const std::uint32_t block = rows != 0 ? 1 : (items + room - 1) / std::max(room, 1U);
  std::uint32_t cells = rows != 0 ? items * rows : (items + block - 1) / std::max(block, 1U);
  for (std::uint32_t i = 0; i < cells; ++i) {
    const std::uint32_t row = rows != 0 ? i % rows : i / columns;
    const std::uint32_t column = rows != 0 ? i / rows : i % columns;
    fmt::print("<rect x='{}' y='{}' width='{}' height='{}' fill='#17713F' opacity='.8'/>\n",
               box.x + kLoopSide + static_cast<float>(column) * cell,
               box.y + kLoopHeader + static_cast<float>(row) * cell, cell - 1.5, cell - 1.5);
  }
}

void draw(const TestGraph& graph, bool one_by_one) {
  GraphLayout layout;
  const auto start = std::clock();
  std::vector<Slot> changed;
  for (Slot slot = 0; slot < graph.tasks.size(); ++slot) {
    changed.push_back(slot);
    if (!one_by_one) continue;
    layout.update(std::span(graph.tasks).first(slot + 1), std::span(&slot, 1), false);
  }
  if (!one_by_one) layout.update(graph.tasks, changed, true);
  const auto placed = std::clock();
  const std::vector<LayoutEdge>& edges = layout.edges();
  const auto routed = std::clock();
  const auto ms = [](std::clock_t a, std::clock_t b) {
    return static_cast<double>(b - a) * 1'000 / CLOCKS_PER_SEC;
  };
  fmt::print(stderr,
             "{} boxes, {} edges, {} lanes, {} x {} px, placed in {:.2f} ms, routed in {:.2f} ms\n",
             layout.boxes().size(), edges.size(), layout.lanes().size(), layout.width(),
             layout.height(), ms(start, placed), ms(placed, routed));
  fmt::print(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-16 -16 {0} {1}' width='{0}' height='{1}' "
      "style='background:#F4F6F7' font-family='sans-serif' font-size='13'>\n",
      layout.width() + 32, layout.height() + 32);
  for (const LayoutEdge& edge : edges) {
    std::string path = fmt::format("M{} {}", edge.points[0], edge.points[1]);
    for (std::size_t i = 2; i < edge.points.size(); i += 6) {
      path += fmt::format("C{}",
                          fmt::join(edge.points.begin() + static_cast<std::ptrdiff_t>(i),
                                    edge.points.begin() + static_cast<std::ptrdiff_t>(i + 6), " "));
    }
    const float x = edge.points[edge.points.size() - 2];
    const float y = edge.points.back();
    fmt::print(
        "<path d='{}' fill='none' stroke='#818B97' stroke-width='1.5'/>"
        "<path d='M{} {}l-4 -7h8z' fill='#818B97'/>\n",
        path, x, y);
  }
  std::map<Slot, std::pair<std::uint32_t, std::uint32_t>> items;
  std::map<Slot, std::uint32_t> children;
  for (const LayoutTask& task : graph.tasks) {
    if (task.parent != kNoSlot) ++children[task.parent];
  }
  for (Slot slot = 0; slot < graph.tasks.size(); ++slot) {
    const Slot parent = graph.tasks[slot].parent;
    if (parent == kNoSlot) continue;
    auto& [count, stages] = items[parent];
    ++count;
    stages = std::max(stages, children[slot]);
  }
  for (const LayoutBox& box : layout.boxes()) {
    const std::string& name = graph.names[box.slot];
    fmt::print("<rect x='{}' y='{}' width='{}' height='{}' rx='7' fill='#fff' stroke='#818B97'/>\n",
               box.x, box.y, box.width, box.height);
    fmt::print(
        "<circle cx='{}' cy='{}' r='7' fill='#17713F'/><text x='{}' y='{}' "
        "font-weight='600'>{}{}</text>"
        "<text x='{}' y='{}' font-size='11' fill='#4A5664'>Succeeded</text>\n",
        box.x + 18, box.y + 16, box.x + 34, box.y + 20,
        box.folded ? fmt::format("{} × ", items[box.slot].first) : "", name, box.x + 34,
        box.y + 36);
    if (box.folded) draw_mosaic(box, items[box.slot].first, items[box.slot].second);
  }
  fmt::print("</svg>\n");
}

}  // namespace
}  // namespace telltale::drawing

int main(int count, char** arguments) {
  using namespace telltale::drawing;
  const std::string name = count > 1 ? arguments[1] : "";
  const int size = count > 2 ? std::stoi(arguments[2]) : 12;
  draw(graph_of(name, size), count > 3);
}
