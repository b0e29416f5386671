// What folding, drawing, charting and snapshots cost.
#include <benchmark/benchmark.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/limits.h"
#include "fold/run_view.h"
#include "fold/snapshot.h"
#include "fold/view_encoder.h"
#include "keep/event_block.h"
#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

RunKey key() { return make_run_key("bench", "", "run", ""); }

MetricSeries walk(std::size_t points, bool ascending) {
  std::mt19937_64 random(1);
  MetricSeries series;
  double value = 0;
  for (std::size_t i = 0; i < points; ++i) {
    value += static_cast<double>(random() % 1'000) / 500 - 1;
    // Two producers of every other step, the second one a little behind, or one in order.
    const std::size_t step = ascending || i % 2 == 0 ? i : i - std::min<std::size_t>(i, 99);
    series.add(static_cast<std::int64_t>(step), static_cast<std::int64_t>(i), value);
  }
  return series;
}

void decimate(benchmark::State& state, bool ascending) {
  const MetricSeries series = walk(static_cast<std::size_t>(state.range(0)), ascending);
  for (auto _ : state) benchmark::DoNotOptimize(series.decimate(kMin, kMax, 1'000));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(decimate, ascending, true)->Arg(100'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(decimate, unsorted, false)->Arg(1'000'000);

schema::Event points_event(std::uint64_t sequence, int points) {
  schema::Event event;
  event.set_epoch("producer");
  event.set_sequence(sequence);
  event.set_observed_at_us(static_cast<std::int64_t>(sequence));
  event.mutable_metric_points()->set_path("train");
  event.mutable_metric_points()->set_name("loss");
  for (int i = 0; i < points; ++i) {
    event.mutable_metric_points()->add_step(static_cast<std::int64_t>(sequence) * points + i);
    event.mutable_metric_points()->add_value(i);
  }
  return event;
}

void apply_points(benchmark::State& state) {
  RunView view(key());
  schema::Event event = points_event(1, static_cast<int>(state.range(0)));
  std::uint64_t sequence = 0;
  for (auto _ : state) {
    event.set_sequence(++sequence);
    view.apply(LogOffset{sequence}, event);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(apply_points)->Arg(1)->Arg(100);

keep::EventBlockBuilder points_block(std::size_t bytes) {
  keep::EventBlockBuilder block;
  for (std::uint64_t i = 1; block.bytes() < bytes; ++i) {
    const std::string value = points_event(i, 1).SerializeAsString();
    block.add({LogOffset{i}, static_cast<std::int64_t>(i), value});
  }
  return block;
}

// What archiving adds to each event, and to each block of them.
void gather_events(benchmark::State& state) {
  const std::string value = points_event(1, static_cast<int>(state.range(0))).SerializeAsString();
  keep::EventBlockBuilder block;
  std::uint64_t offset = 0;
  for (auto _ : state) {
    block.add({LogOffset{++offset}, static_cast<std::int64_t>(offset), value});
    if (block.bytes() >= limits::kEventBlockBytes) block = {};
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(gather_events)->Arg(1)->Arg(100);

void encode_block(benchmark::State& state) {
  const keep::EventBlockBuilder block = points_block(limits::kEventBlockBytes);
  for (auto _ : state) benchmark::DoNotOptimize(block.encode(key()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block.bytes()));
}
BENCHMARK(encode_block)->Unit(benchmark::kMicrosecond);

void decode_block(benchmark::State& state) {
  const std::string bytes = points_block(limits::kEventBlockBytes).encode(key());
  for (auto _ : state) benchmark::DoNotOptimize(keep::decode_event_block(bytes)->events().size());
}
BENCHMARK(decode_block)->Unit(benchmark::kMicrosecond);

// Layers of up to 10 tasks, each after one to three of the layer before.
schema::Event graph_event(int tasks) {
  std::mt19937_64 random(2);
  schema::Event event;
  for (int i = 0; i < tasks; ++i) {
    schema::GraphTask& task = *event.mutable_graph()->add_tasks();
    task.set_path("task-" + std::to_string(i));
    task.set_name(task.path());
    const int layer = i / 10 * 10;
    for (std::size_t j = 1 + random() % 3; layer > 0 && j > 0; --j)
      task.add_depends_on("task-" + std::to_string(layer - 1 - static_cast<int>(random() % 10)));
  }
  return event;
}

void apply_graph(benchmark::State& state) {
  const schema::Event event = graph_event(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    RunView view(key());
    view.apply(LogOffset{0}, event);
    benchmark::DoNotOptimize(view.layout().width());
  }
}
BENCHMARK(apply_graph)->Arg(2'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

void apply_graph_task_by_task(benchmark::State& state) {
  const schema::Event whole = graph_event(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    RunView view(key());
    std::uint64_t offset = 0;
    for (const schema::GraphTask& task : whole.graph().tasks()) {
      schema::Event event;
      *event.mutable_graph()->add_tasks() = task;
      view.apply(LogOffset{offset++}, event);
    }
    benchmark::DoNotOptimize(view.layout().width());
  }
}
BENCHMARK(apply_graph_task_by_task)->Arg(500)->Arg(2'000)->Unit(benchmark::kMillisecond);

void route_and_encode_layout(benchmark::State& state) {
  RunView view(key());
  view.apply(LogOffset{0}, graph_event(static_cast<int>(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(encode_layout(view));
}
BENCHMARK(route_and_encode_layout)->Arg(2'000)->Unit(benchmark::kMillisecond);

void apply_task_states(benchmark::State& state) {
  RunView view(key());
  view.apply(LogOffset{0}, graph_event(10'000));
  schema::Event event;
  std::uint64_t offset = 0;
  for (auto _ : state) {
    ++offset;
    event.mutable_task_state()->set_path("task-" + std::to_string(offset * 7 % 10'000));
    event.mutable_task_state()->set_state(offset / 10'000 % 2 == 0 ? schema::RUNNING
                                                                   : schema::SUCCEEDED);
    view.apply(LogOffset{offset}, event);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(apply_task_states);

// One changed task of 10,000, as a live frame.
void encode_delta(benchmark::State& state) {
  RunView view(key());
  view.apply(LogOffset{0}, graph_event(10'000));
  schema::Event event;
  event.mutable_task_state()->set_path("task-77");
  event.mutable_task_state()->set_state(schema::RUNNING);
  view.apply(LogOffset{1}, event);
  for (auto _ : state) benchmark::DoNotOptimize(encode_run(view, LogOffset{0}));
}
BENCHMARK(encode_delta);

RunView large_run() {
  RunView view(key());
  view.apply(LogOffset{0}, graph_event(1'000));
  for (std::uint64_t i = 1; i <= 1'000; ++i) view.apply(LogOffset{i}, points_event(i, 1'000));
  return view;
}

void encode_snapshot_of_a_million_points(benchmark::State& state) {
  const RunView view = large_run();
  std::size_t bytes = 0;
  for (auto _ : state) bytes = encode(view)->size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(encode_snapshot_of_a_million_points)->Unit(benchmark::kMillisecond);

void decode_snapshot_of_a_million_points(benchmark::State& state) {
  const std::string bytes = *encode(large_run());
  for (auto _ : state) benchmark::DoNotOptimize(decode(bytes).ok());
}
BENCHMARK(decode_snapshot_of_a_million_points)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace telltale::fold

BENCHMARK_MAIN();
