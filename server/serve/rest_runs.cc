#include "serve/rest_runs.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "base/limits.h"
#include "fold/view_encoder.h"
#include "schema/view.pb.h"
#include "serve/run_query.h"
#include "serve/series_query.h"

namespace telltale::serve {
namespace {

using ports::HttpResponse;

HttpResponse json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  HttpResponse response;
  const auto status = google::protobuf::util::MessageToJsonString(message, &response.body, options);
  if (!status.ok())
    return ports::problem({ErrorCode::internal, "This resource cannot be written as JSON."});
  response.body += '\n';
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

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
  return json(points);
}

}  // namespace

RestRuns::RestRuns(ports::Runtime& loop, ports::Log& log, LiveViews& views, RunList& runs)
    : loop_(loop), log_(log), views_(views), runs_(runs) {}

void RestRuns::get(const ports::HttpRequest& request, ports::Respond respond) {
  Result<Resource> resource = parse_resource(request.path, request.query);
  if (!resource.ok()) {
    respond(ports::problem(resource.error()));
    return;
  }
  if (resource->kind == Resource::Kind::runs) {
    const Result<RunQuery> query = parse_run_query(*resource);
    respond(query.ok() ? json(encode_run_list(runs_.catalogue(), query.value()))
                       : ports::problem(query.error()));
    return;
  }
  const RunKey key = resource->run;
  views_.open(key, [this, request, resource = resource.take(),
                    respond = std::move(respond)](Result<LiveViews::RunPtr> run) mutable {
    respond(run.ok() ? answer(resource, **run, request) : ports::problem(run.error()));
  });
}

HttpResponse RestRuns::answer(const Resource& resource, const WatchedRun& run,
                              const ports::HttpRequest& request) {
  const fold::RunView& view = run.view;
  switch (resource.kind) {
    case Resource::Kind::run: return json(fold::encode_run(view));
    case Resource::Kind::graph: return json(fold::encode_layout(view));
    case Resource::Kind::task: {
      const fold::Task* task = view.task(resource.task);
      return task == nullptr ? missing("task") : json(fold::encode_task(*task));
    }
    case Resource::Kind::log: return log_answer(resource, view, request);
    case Resource::Kind::series: return series_answer(resource, view);
    case Resource::Kind::artifact: {
      const fold::Artifact* artifact = view.artifact(resource.artifact);
      return artifact == nullptr ? missing("artifact") : json(fold::encode_artifact(*artifact));
    }
    case Resource::Kind::runs: break;
  }
  return missing("resource");
}

void RestRuns::cancel(const RunKey& key, ports::Respond respond) {
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
  std::vector<ports::Record> records = {
      {key.text(), event.SerializeAsString(), to_number(loop_.now())}};
  auto appended = [respond = std::move(respond)](Result<ports::Appended> result) mutable {
    if (!result.ok()) {
      respond(ports::problem(result.error()));
      return;
    }
    HttpResponse response;
    response.status = 202;
    response.body = "{}\n";
    respond(std::move(response));
  };
  log_.append(ports::kEventsTopic, std::move(records), {loop_, std::move(appended)});
}

}  // namespace telltale::serve
