// What the tests of the fold share: events from JSON, JSON of messages in a stable order, folding a
// list of events, and random runs from a seed. Tests only.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fold/run_view.h"
#include "fold/snapshot.h"
#include "schema/event.pb.h"
#include "schema/snapshot.pb.h"

namespace telltale::fold {

inline RunKey test_key(int number = 0) {
  return make_run_key("test", "", "run", std::to_string(number));
}

inline schema::Event event_of(const std::string& json) {
  schema::Event event;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &event);
  EXPECT_TRUE(status.ok()) << status.ToString() << " in " << json;
  return event;
}

// Maps in the order of their keys, so that texts can be compared.
inline std::string json_of(const google::protobuf::Message& message) {
  std::string binary;
  {
    google::protobuf::io::StringOutputStream stream(&binary);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver(
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          "type.googleapis.com", google::protobuf::DescriptorPool::generated_pool()));
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::BinaryToJsonString(
      resolver.get(), "type.googleapis.com/" + message.GetDescriptor()->full_name(), binary, &json,
      options);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return json;
}

// Events at offsets `first`, first + 1, …
inline void apply_all(RunView& view, const std::vector<schema::Event>& events,
                      std::uint64_t first = 0) {
  for (const schema::Event& event : events) view.apply(LogOffset{first++}, event);
}

inline RunView fold_json(const std::vector<std::string>& lines) {
  RunView view(test_key());
  std::uint64_t offset = 0;
  for (const std::string& line : lines) view.apply(LogOffset{offset++}, event_of(line));
  return view;
}

// The whole state but for offsets, which differ where repeats stand in between.
inline std::string state_without_offsets(const RunView& view) {
  schema::SnapshotFile file;
  schema::RunSnapshot state;
  EXPECT_TRUE(file.ParseFromString(*encode(view)) && state.ParseFromString(file.content()));
  state.clear_next();
  state.clear_changed_at();
  state.clear_layout_changed_at();
  state.mutable_header()->clear_parameters_changed_at();
  for (auto& task : *state.mutable_tasks()) task.clear_changed_at();
  for (auto& series : *state.mutable_series()) series.clear_changed_at();
  for (auto& artifact : *state.mutable_artifacts()) artifact.clear_changed_at();
  for (auto& stone : *state.mutable_tombstones()) stone.clear_removed_at();
  return json_of(state);
}

// A run as several producers would tell it, some with epochs and some with ids, in one order.
class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed) : random_(seed) {}

  std::vector<schema::Event> events(int count) {
    std::vector<schema::Event> events;
    for (int i = 0; i < count; ++i) {
      schema::Event event;
      const int producer = number(0, 4);
      if (producer < 3) {
        event.set_epoch("epoch-" + std::to_string(producer));
        event.set_sequence(++sequences_[producer]);
      } else {
        event.set_id("id-" + std::to_string(i));
      }
      event.set_happened_at_us(1'000'000 + i * 10 + number(-50, 50));
      event.set_observed_at_us(1'000'000 + i * 10 + number(-30, 30));
      fill(event);
      events.push_back(std::move(event));
    }
    return events;
  }

  int number(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::string path() {
    static const std::vector<std::string> paths = {
        "load",   "train",       "evaluate",      "loop",    "loop/0",  "loop/0/fit",
        "loop/1", "loop/1/fit",  "group",         "group/a", "group/b", "a%2Fb",
        "일",     "group/inner", "group/inner/c", "late"};
    return paths[static_cast<std::size_t>(number(0, static_cast<int>(paths.size()) - 1))];
  }

  void fill(schema::Event& event) {
    switch (number(0, 10)) {
      case 0: return fill_run(*event.mutable_run_state());
      case 1: return fill_graph(*event.mutable_graph());
      case 2:
      case 3: return fill_task(*event.mutable_task_state());
      case 4: return fill_log(*event.mutable_log_bytes());
      case 5:
      case 6: return fill_points(*event.mutable_metric_points());
      case 7: {
        event.mutable_progress()->set_path(number(0, 3) == 0 ? "" : path());
        event.mutable_progress()->set_done(number(0, 9));
        event.mutable_progress()->set_total(number(0, 9));
        return;
      }
      case 8: {
        event.mutable_artifact()->set_path(path());
        event.mutable_artifact()->set_name("artifact-" + std::to_string(number(0, 2)));
        event.mutable_artifact()->set_uri("file:///" + std::to_string(number(0, 5)));
        return;
      }
      case 9: event.mutable_heartbeat(); return;
      default:
        if (number(0, 1) == 0) {
          event.mutable_loss()->set_points(static_cast<std::uint64_t>(number(0, 5)));
        } else {
          event.mutable_cancel_request();
        }
    }
  }

  void fill_run(schema::RunState& state) {
    state.set_state(static_cast<schema::State>(number(0, 11)));
    if (number(0, 1) == 0) state.set_version(static_cast<std::uint64_t>(number(0, 20)));
    if (number(0, 2) == 0) state.set_message("message " + std::to_string(number(0, 3)));
    (*state.mutable_parameters())["lr"] = std::to_string(number(0, 3));
  }

  void fill_graph(schema::Graph& graph) {
    if (number(0, 1) == 0) graph.set_version(static_cast<std::uint64_t>(number(0, 20)));
    for (int i = number(0, 5); i > 0; --i) {
      schema::GraphTask& task = *graph.add_tasks();
      task.set_path(path());
      const std::size_t slash = task.path().rfind('/');
      if (slash != std::string::npos) task.set_parent(task.path().substr(0, slash));
      if (number(0, 5) == 0) task.set_parent(path());
      for (int j = number(0, 2); j > 0; --j) task.add_depends_on(path());
      task.set_kind(static_cast<schema::GraphTask::Kind>(number(0, 3)));
    }
    if (number(0, 3) == 0) graph.add_removed(path());
  }

  void fill_task(schema::TaskState& state) {
    state.set_path(path());
    state.set_state(static_cast<schema::State>(number(0, 11)));
    if (number(0, 1) == 0) state.set_version(static_cast<std::uint64_t>(number(0, 20)));
    state.set_attempt(number(0, 3));
    if (number(0, 2) == 0) state.set_started_at_us(number(1, 1'000));
    (*state.mutable_outputs())["out"] = std::to_string(number(0, 3));
  }

  void fill_log(schema::LogBytes& log) {
    log.set_path(path());
    log.set_attempt(number(0, 2));
    log.set_offset(static_cast<std::uint64_t>(number(0, 40)));
    log.set_data(
        std::string(static_cast<std::size_t>(number(0, 20)), static_cast<char>(number(0, 255))));
  }

  void fill_points(schema::MetricPoints& points) {
    points.set_path(number(0, 3) == 0 ? "" : path());
    points.set_name("metric-" + std::to_string(number(0, 2)));
    const int count = number(0, 4);
    for (int i = 0; i < count; ++i) points.add_value(number(0, 9) == 0 ? NAN : number(-9, 9));
    if (number(0, 1) == 0) {
      for (int i = 0; i < count; ++i) points.add_step(number(-3, 100));
    }
    if (number(0, 1) == 0) {
      for (int i = 0; i < count; ++i) points.add_time_us(number(0, 1'000'000));
    }
  }

  std::mt19937_64 random_;
  std::uint64_t sequences_[3] = {0, 0, 0};
};

}  // namespace telltale::fold
