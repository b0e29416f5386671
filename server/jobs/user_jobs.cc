#include "jobs/user_jobs.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <variant>

#include "base/query.h"
#include "base/secret.h"
#include "jobs/job_answer.h"
#include "jobs/job_outputs.h"
#include "ports/http_range.h"

namespace telltale::jobs {
namespace {

using schema::Visualization;

// No request, no form, no window of this server's: scripts of its own, and what it brings along.
constexpr const char* kSandbox =
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; "
    "worker-src blob:; form-action 'none'; base-uri 'none'";

ports::HttpResponse asked(int status, const std::string& id) {
  return json_answer(status, fmt::format("{{\"id\":\"{}\"}}\n", id));
}

const Part* part_of(const Job& job, std::string_view text) {
  std::uint32_t index = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), index);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return nullptr;
  const auto found = job.parts.find(index);
  return found == job.parts.end() ? nullptr : &found->second;
}

}  // namespace

Status UserJobs::check(const JobRequest& request, const JobType& type) const {
  if (!request.source.empty() && type.source == "none")
    return Error{ErrorCode::invalid_argument, request.type + " takes no source."};
  if (request.source.empty() && type.source == "required")
    return Error{ErrorCode::invalid_argument, request.type + " draws a source: give one."};
  simdjson::dom::parser parser;
  const simdjson::dom::object arguments = parser.parse(request.arguments);
  for (const auto& [name, required] : type.arguments) {
    if (required && arguments[name].error() != simdjson::SUCCESS)
      return Error{ErrorCode::invalid_argument,
                   fmt::format("{} needs the argument {}.", request.type, name)};
  }
  return Done{};
}

void UserJobs::handle(ports::HttpRequest, std::string body, ports::Respond respond) {
  Result<JobRequest> request = parse_job_request(body);
  if (!request.ok()) return respond(ports::problem(request.error()));
  const JobType* type = request->type == kShownType ? nullptr : types_.find(request->type);
  if (type == nullptr)
    return respond(ports::problem(
        {ErrorCode::not_found,
         "No worker that is here draws this type. GET /api/v1/visualizations/types has those."}));
  if (Status status = check(request.value(), *type); !status.ok())
    return respond(ports::problem(status.error()));
  std::string version;
  if (!request->source.empty()) {
    Result<SourceFile> file = sources_.find(request->source);
    if (!file.ok()) return respond(ports::problem(file.error()));
    request->source = file->path;
    version = file->version;
  }
  schema::JobEvent event;
  schema::JobWanted& wanted = *event.mutable_wanted();
  wanted.set_result_key(hash_id({request->type, type->digest, request->arguments, request->source,
                                 version, request->run_key, request->task_id}));
  const Job* there = request->fresh ? nullptr : desk_.queue().of_result(wanted.result_key());
  if (there != nullptr) return respond(asked(there->ended() ? 200 : 202, there->id));
  if (desk_.queue().open_jobs() >= kOpenJobs || desk_.queue().open_bytes() >= kOpenBytes)
    return respond(ports::problem(
        {ErrorCode::too_many_requests, "As many visualizations wait as may. Try again later."}));
  const std::string id = hash_id({"visualization", make_secret()});
  event.set_job(id);
  wanted.set_type(request->type);
  wanted.set_arguments(request->arguments);
  wanted.set_source(request->source);
  wanted.set_run_key(request->run_key);
  wanted.set_task_id(request->task_id);
  desk_.append(std::move(event), [id, respond = std::move(respond)](Status status) mutable {
    respond(status.ok() ? asked(202, id) : ports::problem(status.error()));
  });
}

void UserJobs::handle(ports::HttpRequest request, ports::Respond respond) {
  if (request.method == "DELETE") {
    cancel(path_below(kUserRoot, request.path).id, std::move(respond));
  } else {
    respond(get(request));
  }
}

ports::HttpResponse UserJobs::get(const ports::HttpRequest& request) {
  const auto query = parse_query(request.query);
  if (request.path == kUserRoot)
    return json_answer(
        200, list_json(desk_.queue(), query_text(query, "run"), query_text(query, "task")) + "\n");
  const PathBelow path = path_below(kUserRoot, request.path);
  if (path.id == "types" && path.rest.empty()) return json_answer(200, types_.json());
  const Job* job = desk_.queue().find(path.id);
  if (job == nullptr) return no_such_job();
  if (path.rest.empty()) return json_answer(200, job_json(desk_.queue(), *job) + "\n");
  const std::size_t slash = path.rest.find('/');
  return get_part(request, *job, std::string_view(path.rest).substr(slash + 1));
}

ports::HttpResponse UserJobs::get_part(const ports::HttpRequest& request, const Job& job,
                                       std::string_view index) {
  const Part* part = part_of(job, index);
  if (part == nullptr)
    return ports::problem({ErrorCode::not_found, "The visualization has no such part (yet)."});
  const ports::WantedBytes wanted = ports::parse_range(request.header("range"), part->bytes);
  ports::HttpResponse response;
  if (std::holds_alternative<ports::NoSuchBytes>(wanted)) {
    response = ports::problem(416, "range_not_satisfiable", "There are no such bytes.");
    response.headers.emplace_back("content-range", fmt::format("bytes */{}", part->bytes));
    return response;
  }
  std::uint64_t offset = 0;
  response.length = part->bytes;
  if (const auto* span = std::get_if<ports::ByteSpan>(&wanted)) {
    offset = span->offset;
    response.length = span->length;
    response.status = 206;
    response.headers.emplace_back(
        "content-range",
        fmt::format("bytes {}-{}/{}", offset, offset + span->length - 1, part->bytes));
  }
  response.content_type = part->content_type;
  if (response.length > 0)
    response.stream = read_pieces(loop_, store_, part->pieces, offset, response.length);
  response.headers.emplace_back("accept-ranges", "bytes");
  response.headers.emplace_back("cache-control", "no-store");
  response.headers.emplace_back("content-security-policy", kSandbox);
  return response;
}

void UserJobs::cancel(const std::string& id, ports::Respond respond) {
  const Job* job = desk_.queue().find(id);
  if (job == nullptr) return respond(no_such_job());
  if (job->ended()) return respond(no_content());
  schema::JobEvent event;
  event.set_job(id);
  event.mutable_cancelled();
  desk_.append(std::move(event), [respond = std::move(respond)](Status status) mutable {
    respond(status.ok() ? no_content() : ports::problem(status.error()));
  });
}

}  // namespace telltale::jobs
