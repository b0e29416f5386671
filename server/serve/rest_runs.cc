#include "serve/rest_runs.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "fold/view_encoder.h"
#include "schema/view.pb.h"
#include "serve/json_answer.h"
#include "serve/log_answer.h"
#include "serve/run_events.h"
#include "serve/run_query.h"
#include "serve/series_query.h"

namespace telltale::serve {
namespace {

using ports::HttpResponse;

HttpResponse missing(const char* what) {
  return ports::problem({ErrorCode::not_found, fmt::format("The run has no {} of this id.", what)});
}

HttpResponse series_answer(const Resource& resource, const fold::RunView& view) {
  const fold::Series* series = view.series(resource.series);
  if (series == nullptr) return missing("series");
  const Result<SeriesQuery> query = parse_series_query(resource);
  if (!query.ok()) return ports::problem(query.error());
  schema::SeriesPoints points =
      fold::encode_points(*series, series->points.decimate(query->from, query->to, query->columns));
  points.set_reset(true);
  return json_answer(points);
}

HttpResponse run_answer(const Resource& resource, const LiveViews::RunPtr& run,
                        const ports::HttpRequest& request) {
  const fold::RunView& view = run->view;
  switch (resource.kind) {
    case Resource::Kind::task: {
      const fold::Task* task = view.task(resource.task);
      return task == nullptr ? missing("task") : json_answer(fold::encode_task(*task));
    }
    case Resource::Kind::log: return log_answer(resource, {run, &view}, request);
    case Resource::Kind::series: return series_answer(resource, view);
    case Resource::Kind::artifact: {
      const fold::Artifact* artifact = view.artifact(resource.artifact);
      return artifact == nullptr ? missing("artifact")
                                 : json_answer(fold::encode_artifact(*artifact));
    }
    case Resource::Kind::events:
    case Resource::Kind::runs:
    case Resource::Kind::run:
    case Resource::Kind::graph: break;
  }
  return missing("resource");
}

}  // namespace

void RestRuns::handle(ports::HttpRequest request, ports::Respond respond) {
  Result<Resource> resource = parse_resource(request.path, request.query);
  if (!resource.ok()) {
    respond(ports::problem(resource.error()));
    return;
  }
  if (resource->kind == Resource::Kind::runs) {
    const Result<RunQuery> query = parse_run_query(*resource);
    if (!query.ok()) {
      respond(ports::problem(query.error()));
      return;
    }
    const fold::Catalogue& all = runs_.catalogue();
    respond(json_answer(encode_run_list(all, all.page(query->filter, query->page, query->limit))));
    return;
  }
  if (resource->kind == Resource::Kind::events) {
    get_events(resource.value(), std::move(respond));
    return;
  }
  const RunKey key = resource->run;
  views_.open(key, [this, request = std::move(request), resource = resource.take(),
                    respond = std::move(respond)](Result<LiveViews::RunPtr> run) mutable {
    if (!run.ok()) {
      respond(ports::problem(run.error()));
    } else if (resource.kind == Resource::Kind::run) {
      auto view = std::make_unique<schema::RunView>(
          fold::encode_run((*run)->view, {}, resource.with_nodes()));
      answer_in_pieces(loop_, std::move(view), std::move(respond));
    } else if (resource.kind == Resource::Kind::graph) {
      auto layout = std::make_unique<schema::GraphLayout>(fold::encode_layout((*run)->view));
      answer_in_pieces(loop_, std::move(layout), std::move(respond));
    } else {
      respond(run_answer(resource, *run, request));
    }
  });
}

void RestRuns::get_events(const Resource& resource, ports::Respond respond) {
  const auto since = resource.number("since", UINT64_MAX - 1);
  const auto limit = resource.number("limit", limits::kEventsPage);
  if (!since.ok() || !limit.ok()) {
    respond(ports::problem(since.ok() ? limit.error() : since.error()));
    return;
  }
  RunEventsQuery query;
  query.run = resource.run;
  if (since.value()) query.since = LogOffset{*since.value()};
  query.events_max = limit.value().value_or(limits::kEventsPage);
  auto read = [respond = std::move(respond)](Result<RunEventsPage> page) mutable {
    if (!page.ok()) {
      respond(ports::problem(page.error()));
      return;
    }
    HttpResponse response;
    response.content_type = "application/x-ndjson";
    response.body = std::move(page->ndjson);
    response.headers.emplace_back("cache-control", "no-store");
    if (page->more_after) {
      response.headers.emplace_back("x-next-since",
                                    fmt::format("{}", to_number(*page->more_after)));
    }
    respond(std::move(response));
  };
  read_run_events(loop_, log_, views_.store(), std::move(query), std::move(read));
}

void CancelRuns::handle(ports::HttpRequest request, ports::Respond respond) {
  constexpr std::string_view kCancel = "/cancel";
  std::string_view path = request.path;
  path.remove_suffix(kCancel.size());
  const Result<Resource> run = parse_resource(path, request.query);
  if (run.ok()) {
    cancel(run->run, std::move(respond));
  } else {
    respond(ports::problem(run.error()));
  }
}

void CancelRuns::cancel(const RunKey& key, ports::Respond respond) {
  const fold::SummaryPtr summary = runs_.catalogue().find(key.text());
  if (summary == nullptr) {
    respond(ports::problem({ErrorCode::not_found, "No run has this key."}));
    return;
  }
  if (fold::has_ended(fold::to_state(summary->state()))) {
    respond(ports::problem(409, "conflict", "The run has ended; there is nothing to stop."));
    return;
  }
  schema::Event event;
  event.set_id(fmt::format("cancel-{:016x}", loop_.random()));
  event.set_run_key(key.text());
  event.set_happened_at_us(to_number(loop_.now()));
  event.set_observed_at_us(to_number(loop_.now()));
  event.mutable_cancel_request();
  auto appended = [respond = std::move(respond)](Status status) mutable {
    if (!status.ok()) {
      respond(ports::problem(status.error()));
      return;
    }
    HttpResponse response;
    response.status = 202;
    response.body = "{}\n";
    respond(std::move(response));
  };
  gate_.append(event, {loop_, std::move(appended)});
}

}  // namespace telltale::serve
