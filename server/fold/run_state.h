// The state of one run as its fold keeps it: plain structs and columns, no protobuf. Owned by
// RunView (run_view.h), changed only by its apply(); everybody else reads. Every entity carries
// `changed_at`, the offset of the event that last changed it. Times are microseconds since the Unix
// epoch, 0 = not told. Never holds a clock, a socket or a pointer into another entity.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "drawing/layout_types.h"
#include "fold/log_buffer.h"
#include "fold/metric_series.h"

namespace telltale::fold {

// Numbers are those of schema::State.
enum class State : std::uint8_t {
  unspecified = 0,
  pending = 1,
  queued = 2,
  running = 3,
  succeeded = 4,
  failed = 5,
  skipped = 6,
  cached = 7,
  retrying = 8,
  suspended = 9,
  cancelled = 10,
  unknown = 11,
};
inline constexpr std::size_t kStates = 12;

// "pending", "queued" …, the words of `state=` in REST.
const char* name_of(State state);
std::optional<State> parse_state(std::string_view name);
// The number of a schema::State; one this version does not know is `unknown`.
State to_state(int number);
// Succeeded, failed, skipped, cached or cancelled: nothing more is expected.
bool has_ended(State state);

using drawing::kNoSlot;
using drawing::Slot;
using drawing::TaskKind;

struct ProgressState {
  double done = 0;
  double total = 0;
  std::string unit;
  std::string note;
};

struct Launch {
  std::string pipeline_file;
  std::string working_directory;
  bool operator==(const Launch&) const = default;
};

struct Lost {
  std::uint64_t points = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t events = 0;
  std::string reason;  // the last one told
};

// The workflow a run is in a cluster; view.proto says what its fields mean.
struct ClusterObject {
  std::string cluster;
  std::string namespace_name;
  std::string name;
  std::string uid;
  std::string kfp_run_id;
  std::string phase;
  bool deleted = false;
  std::string notice;
  bool operator==(const ClusterObject&) const = default;
};

struct RunHeader {
  std::string name;
  std::string pipeline;
  std::string source;
  State state = State::running;
  std::string message;
  std::uint64_t version = 0;
  std::int64_t created_at_us = 0;  // first event
  std::int64_t started_at_us = 0;
  std::int64_t finished_at_us = 0;
  std::int64_t last_event_at_us = 0;  // newest observed_at, heartbeats included
  std::int64_t cancel_requested_at_us = 0;
  std::map<std::string, std::string> parameters;  // name -> JSON text
  std::optional<Launch> launch;
  std::optional<ClusterObject> cluster_object;  // of a run that a cluster's source tells of
  std::optional<ProgressState> progress;        // of the run itself
  Lost lost;
  LogOffset parameters_changed_at{};
};

struct Task {
  Slot slot = 0;
  TaskId id;
  std::string path;
  std::string name;
  std::string parent;  // path; empty at the top
  TaskKind kind = TaskKind::task;
  std::string item;
  std::int32_t index = 0;
  std::vector<std::string> depends_on;  // paths
  TaskId parent_id;                     // of `parent`, made once; empty at the top
  std::vector<TaskId> depends_on_ids;   // of `depends_on`
  State state = State::pending;
  std::string message;
  std::uint64_t version = 0;
  std::int32_t attempt = 0;
  std::int32_t attempts_max = 0;
  std::int64_t started_at_us = 0;
  std::int64_t finished_at_us = 0;
  std::map<std::string, std::string> inputs;   // name -> JSON text
  std::map<std::string, std::string> outputs;  // name -> JSON text
  std::optional<ProgressState> progress;
  std::map<std::int32_t, LogBuffer> logs;  // by attempt, from 1
  bool removed = false;    // by a graph; what it holds stays, and a later graph may bring it back
  LogOffset removed_at{};  // while it is
  LogOffset changed_at{};
  std::size_t bytes = 0;  // as RunView::bytes() counts it, without its logs

  std::int32_t newest_attempt() const;  // at least 1
  const LogBuffer* log(std::int32_t attempt) const;
};

struct Series {
  Slot slot = 0;
  SeriesId id;
  std::string task_path;  // empty = the run
  TaskId task_id;         // empty = the run
  std::string name;
  MetricSeries points;
  LogOffset changed_at{};
};

struct Artifact {
  Slot slot = 0;
  ArtifactId id;
  std::string task_path;
  TaskId task_id;  // empty = the run
  std::string name;
  std::string type;
  std::string uri;
  std::string metadata;  // JSON object as text
  bool input = false;
  std::int64_t created_at_us = 0;
  LogOffset changed_at{};
  std::size_t bytes = 0;  // as RunView::bytes() counts it
};

}  // namespace telltale::fold
