#include "jobs/shown_parts.h"

#include <fmt/format.h>

#include <utility>

#include "base/query.h"
#include "base/utf8.h"
#include "jobs/job_answer.h"
#include "jobs/job_outputs.h"

namespace telltale::jobs {
namespace {

constexpr std::string_view kRuns = "/api/v1/runs";
constexpr std::string_view kBelowRun = "shown/";

const Error kEnough{ErrorCode::too_large, "The task has shown as much as it may."};

ports::HttpResponse invalid(const char* message) {
  return ports::problem({ErrorCode::invalid_argument, message});
}

bool has_room(const Job& job) {
  return job.parts.size() <= kParts && job.output_bytes() + kShownBytes <= kOutputBytes;
}

}  // namespace

void ShownParts::handle(ports::HttpRequest request, ports::Respond respond) {
  const PathBelow path = path_below(kRuns, request.path);
  const std::string id = path.rest.substr(kBelowRun.size());
  if (!is_id(path.id) || !is_id(id))
    return respond(invalid("A run and what it shows have ids of 26 characters of a-z2-7."));
  const std::string& type = request.header("content-type");
  if (!is_content_type(type)) return respond(invalid("What is shown has a Content-Type."));
  const auto query = parse_query(request.query);
  const std::string task = query_text(query, "task");
  if (task.size() > kSourceUriBytes) return respond(invalid("A task's path has up to 4096 bytes."));
  const std::string task_id = task.empty() ? "" : make_task_id(task).text();
  const std::string job_id = hash_id({"shown", path.id, task_id});

  schema::JobEvent event;
  event.set_job(job_id);
  schema::JobOutput& output = *event.mutable_output();
  output.set_name(to_valid_utf8(query_text(query, "name").substr(0, kNameBytes)));
  output.set_content_type(type);
  output.set_object(fmt::format("jobs/{}/{}", job_id, id));

  const Job* job = desk_.queue().find(job_id);
  if (job != nullptr && job->holds(output.object())) return respond(no_content());
  if (job != nullptr && !has_room(*job)) return respond(ports::problem(kEnough));
  if (job != nullptr) return take(std::move(event), std::move(request.body), std::move(respond));
  schema::JobEvent first;
  first.set_job(job_id);
  first.mutable_wanted()->set_type(std::string(kShownType));
  first.mutable_wanted()->set_run_key(path.id);
  first.mutable_wanted()->set_task_id(task_id);
  desk_.append(std::move(first), [this, event = std::move(event), body = std::move(request.body),
                                  respond = std::move(respond)](Status status) mutable {
    if (!status.ok()) return respond(ports::problem(status.error()));
    take(std::move(event), std::move(body), std::move(respond));
  });
}

void ShownParts::take(schema::JobEvent event, std::unique_ptr<ports::Body> body,
                      ports::Respond respond) {
  std::string object = event.output().object();
  auto taken = [this, event = std::move(event),
                respond = std::move(respond)](Result<std::uint64_t> bytes) mutable {
    if (!bytes.ok()) return respond(ports::problem(bytes.error()));
    event.mutable_output()->set_bytes(bytes.value());
    keep(std::move(event), std::move(respond));
  };
  take_body(loop_, store_, std::move(body), std::move(object), kShownBytes, std::move(taken));
}

void ShownParts::keep(schema::JobEvent event, ports::Respond respond) {
  auto kept = [this, job_id = event.job(), object = event.output().object(),
               respond = std::move(respond)](Status status) mutable {
    if (!status.ok()) {
      desk_.drop_object(object);
      return respond(ports::problem(status.error()));
    }
    const Job* job = desk_.queue().find(job_id);
    respond(job != nullptr && job->holds(object) ? no_content() : ports::problem(kEnough));
  };
  desk_.append(std::move(event), std::move(kept));
}

}  // namespace telltale::jobs
