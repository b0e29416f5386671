#include "serve/subscription.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "fold/view_encoder.h"
#include "schema/view.pb.h"

namespace telltale::serve {
namespace {

constexpr std::uint64_t kTailBytes = 65'536;
// A graph is sent whole: the next one waits longer the larger it is, some ten times what drawing
// and encoding one box or edge takes.
constexpr std::int64_t kGraphEntityUs = 20;

bool parse_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Subscription::Subscription(std::uint32_t id, std::uint64_t generation, Resource resource,
                           std::string since)
    : id_(id), generation_(generation), resource_(std::move(resource)), since_(std::move(since)) {}

std::optional<LogOffset> Subscription::take_since() {
  std::uint64_t number = 0;
  const bool resumed = parse_number(since_, number);
  since_.clear();
  if (!resumed) return std::nullopt;
  return LogOffset{number};
}

std::optional<LogOffset> Subscription::position_to_send_from() {
  if (!answered_) return take_since();
  return position_;
}

Result<bool> Subscription::next_frame(const RunList& runs, schema::ServerFrame& frame) {
  more = false;
  if (resource_.kind == Resource::Kind::runs) return runs_frame(runs, frame);
  if (!run_) return false;
  switch (resource_.kind) {
    case Resource::Kind::run: return run_frame(frame);
    case Resource::Kind::graph: return graph_frame(frame);
    case Resource::Kind::task: return task_frame(frame);
    case Resource::Kind::log: return log_frame(frame);
    case Resource::Kind::series: return points_frame(frame);
    case Resource::Kind::artifact: return artifact_frame(frame);
    case Resource::Kind::events:
      return Error{ErrorCode::invalid_argument,
                   "The events of a run are read in pages: GET it, and again with since=."};
    case Resource::Kind::runs: break;
  }
  return false;
}

std::int64_t Subscription::due_us(std::int64_t numbers_gap_us) const {
  if (sent_us == 0) return 0;
  if (resource_.kind == Resource::Kind::graph)
    return sent_us + std::min(limits::kFrameGapUs + graph_size_ * kGraphEntityUs, limits::kPulseUs);
  const bool only_numbers = resource_.kind == Resource::Kind::run && run_ && answered_ &&
                            run_->view.turned_at() <= position_;
  return sent_us + (only_numbers ? numbers_gap_us : limits::kFrameGapUs);
}

std::int64_t Subscription::age_us(EpochUs now) const {
  if (!run_ || run_->view.empty() || fold::has_ended(run_->view.header().state)) return 0;
  return std::max<std::int64_t>(to_number(now) - run_->view.header().last_event_at_us, 0);
}

// A list is sent whole first; then what is other in its page: runs that came or changed, and the
// keys of those that left it, so that the reader has exactly that page. The page of before is known
// only while the reader stays: who comes back gets it whole, unless nothing at all has changed.
Result<bool> Subscription::runs_frame(const RunList& runs, schema::ServerFrame& frame) {
  const fold::Catalogue& catalogue = runs.catalogue();
  if (answered_ && listed_version_ == catalogue.version()) return false;
  if (!run_query_) {
    Result<RunQuery> query = parse_run_query(resource_);
    if (!query.ok()) return query.error();
    run_query_ = query.take();
  }
  const RunQuery& query = *run_query_;
  fold::RunPage page = catalogue.page(query.filter, query.page, query.limit);
  const LogOffset now = catalogue.end();
  listed_version_ = catalogue.version();
  bool news = true;
  if (answered_) {
    news = list_changes(catalogue, page, *frame.mutable_run_list());
  } else if (take_since() == now && !query.filter.attention) {
    news = false;
  } else {
    *frame.mutable_run_list() = encode_run_list(catalogue, page);
    frame.set_snapshot(true);
  }
  listed_ = std::move(page);
  answered_ = true;
  if (!news) return false;
  position_ = now;
  frame.set_position(fmt::format("{}", to_number(now)));
  return true;
}

bool Subscription::list_changes(const fold::Catalogue& catalogue, const fold::RunPage& page,
                                schema::RunList& list) const {
  std::vector<std::string> gone;
  auto had = listed_.runs.begin();
  auto has = page.runs.begin();
  while (had != listed_.runs.end() || has != page.runs.end()) {
    const bool both = had != listed_.runs.end() && has != page.runs.end();
    if (both && *had == *has) {
      ++had;
      ++has;
      continue;
    }
    const bool left =
        has == page.runs.end() || (both && fold::place_of(**had) < fold::place_of(**has));
    const bool came =
        had == listed_.runs.end() || (both && fold::place_of(**has) < fold::place_of(**had));
    if (left) {
      gone.push_back((*had)->run_key());
    } else {
      *list.add_runs() = catalogue.with_history(**has);
    }
    if (!came) ++had;
    if (!left) ++has;
  }
  // One that only has another place is there still.
  for (const std::string& key : gone) {
    const bool moved = std::any_of(page.runs.begin(), page.runs.end(),
                                   [&key](const auto& run) { return run->run_key() == key; });
    if (!moved) list.add_removed(key);
  }
  list.set_total(page.total);
  list.set_next_page(page.next_page);
  return list.runs_size() > 0 || list.removed_size() > 0 || page.total != listed_.total;
}

Result<bool> Subscription::run_frame(schema::ServerFrame& frame) {
  const fold::RunView& view = run_->view;
  if (answered_ && view.changed_at() <= position_) return false;
  std::optional<LogOffset> since = position_to_send_from();
  if (since && *since > view.position()) since.reset();
  *frame.mutable_run() = fold::encode_run(view, since, resource_.with_nodes());
  frame.set_snapshot(!since);
  answered_ = true;
  position_ = view.position();
  frame.set_position(fmt::format("{}", to_number(position_)));
  return true;
}

// A layout is small and changes rarely: always whole.
Result<bool> Subscription::graph_frame(schema::ServerFrame& frame) {
  const fold::RunView& view = run_->view;
  if (!answered_) {
    const std::optional<LogOffset> since = take_since();
    if (since && *since <= view.position() && view.layout_changed_at() <= *since) {
      answered_ = true;
      position_ = *since;
    }
  }
  if (answered_ && view.layout_changed_at() <= position_) return false;
  *frame.mutable_graph() = fold::encode_layout(view);
  graph_size_ = frame.graph().boxes_size() + frame.graph().edges_size();
  frame.set_snapshot(true);
  answered_ = true;
  position_ = view.position();
  frame.set_position(fmt::format("{}", to_number(position_)));
  return true;
}

Result<bool> Subscription::task_frame(schema::ServerFrame& frame) {
  const fold::Task* task = run_->view.task(resource_.task);
  if (task == nullptr || (answered_ && task->changed_at <= position_)) return false;
  *frame.mutable_run()->add_tasks() = fold::encode_task(*task);
  frame.set_snapshot(true);
  answered_ = true;
  position_ = task->changed_at;
  frame.set_position(fmt::format("{}", to_number(position_)));
  return true;
}

Result<bool> Subscription::artifact_frame(schema::ServerFrame& frame) {
  const fold::Artifact* artifact = run_->view.artifact(resource_.artifact);
  if (artifact == nullptr || (answered_ && artifact->changed_at <= position_)) return false;
  *frame.mutable_run()->add_artifacts() = fold::encode_artifact(*artifact);
  frame.set_snapshot(true);
  answered_ = true;
  position_ = artifact->changed_at;
  frame.set_position(fmt::format("{}", to_number(position_)));
  return true;
}

// Starts at `since` ("ATTEMPT:BYTES"), else with the last `tail` bytes; follows the newest attempt
// unless one was asked for.
Result<bool> Subscription::log_frame(schema::ServerFrame& frame) {
  const fold::Task* task = run_->view.task(resource_.task);
  if (task == nullptr) return false;
  const auto asked = resource_.number("attempt", 1'000'000);
  const auto tail = resource_.number("tail", UINT32_MAX);
  if (!asked.ok()) return asked.error();
  if (!tail.ok()) return tail.error();
  const std::int32_t attempt = asked.value().value_or(0) > 0
                                   ? static_cast<std::int32_t>(*asked.value())
                                   : task->newest_attempt();
  const fold::LogBuffer* log = task->log(attempt);
  const std::uint64_t size = log == nullptr ? 0 : log->size();
  bool snapshot = false;
  if (!answered_ || attempt != log_attempt_) {
    const std::uint64_t kept = std::min(size, tail.value().value_or(kTailBytes));
    std::uint64_t from = size - kept;
    snapshot = true;
    const std::size_t colon = since_.find(':');
    std::uint64_t since_attempt = 0;
    std::uint64_t since_bytes = 0;
    if (colon != std::string::npos &&
        parse_number(std::string_view(since_).substr(0, colon), since_attempt) &&
        parse_number(std::string_view(since_).substr(colon + 1), since_bytes) &&
        since_attempt == static_cast<std::uint64_t>(attempt) && since_bytes <= size) {
      from = since_bytes;
      snapshot = false;
    }
    since_.clear();
    log_attempt_ = attempt;
    log_offset_ = from;
    if (!snapshot && from == size) {
      answered_ = true;
      return false;
    }
  } else if (log_offset_ >= size) {
    return false;
  }
  schema::LogChunk chunk = fold::encode_log(*task, attempt, log_offset_, limits::kLogFrameBytes);
  log_offset_ = std::max(log_offset_, chunk.offset() + chunk.data().size());
  more = log_offset_ < size;
  *frame.mutable_log() = std::move(chunk);
  frame.set_snapshot(snapshot);
  answered_ = true;
  frame.set_position(fmt::format("{}:{}", attempt, log_offset_));
  return true;
}

// First decimated for the viewport, then every new point as it is, until those are more than what
// the viewport needs: then decimated again.
Result<bool> Subscription::points_frame(schema::ServerFrame& frame) {
  const fold::Series* series = run_->view.series(resource_.series);
  if (!series_query_) {
    Result<SeriesQuery> query = parse_series_query(resource_);
    if (!query.ok()) return query.error();
    series_query_ = query.take();
  }
  const SeriesQuery& query = *series_query_;
  if (series == nullptr) return false;
  const std::uint64_t total = series->points.size();
  if (!answered_) {
    // The points a reader has are told by their count; a chart with a viewport asks for it anew.
    if (const auto since = take_since(); since && to_number(*since) <= total && !query.bounded) {
      answered_ = true;
      points_sent_ = to_number(*since);
    }
  }
  if (answered_ && points_sent_ == total) return false;
  // A chart that shows a part has it until a point of that part comes.
  if (answered_ && query.bounded &&
      !series->points.has_between(query.from, query.to, points_sent_)) {
    points_sent_ = total;
    return false;
  }
  const std::uint64_t fresh = total - points_sent_;
  const bool reset =
      !answered_ || query.bounded || points_since_reset_ + fresh > 4 * std::uint64_t{query.columns};
  fold::SeriesSlice slice = reset ? series->points.decimate(query.from, query.to, query.columns)
                                  : series->points.from(points_sent_);
  *frame.mutable_points() = fold::encode_points(*series, std::move(slice));
  frame.mutable_points()->set_reset(reset);
  frame.set_snapshot(reset);
  points_since_reset_ = reset ? 0 : points_since_reset_ + fresh;
  points_sent_ = total;
  answered_ = true;
  frame.set_position(fmt::format("{}", total));
  return true;
}

}  // namespace telltale::serve
