// From folded state to the messages readers get (schema/view.proto): the edge where protobuf
// begins. Free functions over const views; whoever owns the view calls them on its loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "schema/view.pb.h"

namespace telltale::fold {

struct Artifact;
struct Series;
struct SeriesSlice;
struct Task;
class RunView;

// Everything, or what changed after `since` (with the ids of removed tasks). The summary is always
// there; parameters only when they changed; the source's own nodes only where they are asked for.
schema::RunView encode_run(const RunView& view, std::optional<LogOffset> since = std::nullopt,
                           bool with_nodes = false);
schema::RunSummary encode_summary(const RunView& view);
// As lists have it: its texts cut (listed_run.h).
schema::RunSummary encode_listed(const RunView& view);
schema::TaskView encode_task(const Task& task);
schema::SeriesView encode_series_view(const Series& series);
schema::ArtifactView encode_artifact(const Artifact& artifact);
// `reset` of the answer is left to the caller, who knows what the reader holds.
schema::SeriesPoints encode_points(const Series& series, SeriesSlice slice);
// LogChunk of the bytes from `offset` on; attempt 0 = the newest. Empty data at the end.
schema::LogChunk encode_log(const Task& task, std::int32_t attempt, std::uint64_t offset,
                            std::size_t bytes_max);
schema::GraphLayout encode_layout(const RunView& view);

}  // namespace telltale::fold
