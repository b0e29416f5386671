#include "jobs/render_jobs.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "base/query.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "jobs/job_answer.h"
#include "jobs/job_outputs.h"

namespace telltale::jobs {
namespace {

namespace dom = simdjson::dom;
using schema::Visualization;

const Error kOver{ErrorCode::expired, "This lease is over: end the job, and ask for another one."};

ports::HttpResponse invalid(const char* message) {
  return ports::problem({ErrorCode::invalid_argument, message});
}

std::string text_of(const dom::element& object, const char* name, std::size_t most) {
  std::string_view text;
  if (object[name].get_string().get(text) != simdjson::SUCCESS) return "";
  return to_valid_utf8(std::string(text.substr(0, most)));
}

}  // namespace

void RenderJobs::handle(ports::HttpRequest request, std::string body, ports::Respond respond) {
  if (request.path == "/api/v1/render/types") {
    const Status told = types_.tell(body);
    return respond(told.ok() ? no_content() : ports::problem(told.error()));
  }
  if (request.path == kLeaseRoot) return lease(body, std::move(respond));
  const PathBelow path = path_below(kLeaseRoot, request.path);
  const Job* job = desk_.queue().of_lease(path.id);
  if (job == nullptr) return respond(ports::problem(kOver));
  if (path.rest == "beat") return beat(*job, body, std::move(respond));
  done(*job, body, std::move(respond));
}

void RenderJobs::lease(const std::string& body, ports::Respond respond) {
  dom::parser parser;
  dom::element asked;
  std::uint64_t slots = 0;
  double wait_s = 0;
  if (parser.parse(body).get(asked) != simdjson::SUCCESS ||
      asked["slots"].get_uint64().get(slots) != simdjson::SUCCESS || slots == 0)
    return respond(invalid(R"(Send {"worker": "...", "slots": 1, "wait_s": 20}.)"));
  if (asked["wait_s"].get_double().get(wait_s) != simdjson::SUCCESS || !(wait_s >= 0)) wait_s = 0;
  const std::string worker = text_of(asked, "worker", kNameBytes);
  if (!types_.heard(worker))
    return respond(ports::problem(
        {ErrorCode::not_found, "First tell what you can draw: PUT /api/v1/render/types."}));
  const auto wait_us =
      static_cast<std::int64_t>(std::min(wait_s * 1e6, static_cast<double>(kWaitUsMax)));
  auto given = [this, worker,
                respond = std::move(respond)](Result<JobDesk::Leases> leases) mutable {
    if (!leases.ok()) return respond(ports::problem(leases.error()));
    types_.heard(worker);
    std::string list;
    for (const std::string& lease : leases.value())
      list += (list.empty() ? "" : ",") + lease_json(lease);
    respond(json_answer(200, "{\"leases\":[" + list + "]}\n"));
  };
  desk_.lease(worker, std::min<std::size_t>(slots, kSlots), wait_us, std::move(given));
}

std::string RenderJobs::lease_json(const std::string& lease) const {
  const Job& job = *desk_.queue().of_lease(lease);
  // Looked for again: what has become a link meanwhile is no path for a worker.
  const Result<SourceFile> file = sources_.find(job.wanted.source());
  const std::string source =
      file.ok() ? fmt::format(R"("uri":{0},"path":{0})", json_string(file->path)) : "";
  return fmt::format(
      R"({{"lease":"{}","job":"{}","attempt":{},"type":{},"source":{{{}}},"arguments":{},)"
      R"("limits":{{"output_bytes":{}}},"expires_in_s":{}}})",
      lease, job.id, job.attempt, json_string(job.wanted.type()), source, job.wanted.arguments(),
      kOutputBytes, kLeaseUs / 1'000'000);
}

void RenderJobs::beat(const Job& job, const std::string& body, ports::Respond respond) {
  if (job.state == Visualization::CANCELLED)
    return respond(json_answer(200, "{\"cancelled\":true}\n"));
  if (job.state != Visualization::RUNNING) return respond(ports::problem(kOver));
  schema::JobEvent event;
  event.set_job(job.id);
  schema::JobBeat& beat = *event.mutable_beat();
  beat.set_lease(job.lease);
  dom::parser parser;
  dom::element told;
  if (!body.empty()) {
    if (parser.parse(body).get(told) != simdjson::SUCCESS || !told.is_object())
      return respond(invalid(R"(Send {} or {"progress": {"done": 1, "total": 3}}.)"));
    dom::element progress;
    if (told["progress"].get(progress) == simdjson::SUCCESS && progress.is_object()) {
      double done = 0;
      double total = 0;
      if (progress["done"].get_double().get(done) == simdjson::SUCCESS)
        beat.mutable_progress()->set_done(done);
      if (progress["total"].get_double().get(total) == simdjson::SUCCESS)
        beat.mutable_progress()->set_total(total);
      beat.mutable_progress()->set_note(text_of(progress, "note", kNameBytes));
    }
  }
  ports::HttpResponse goes_on = json_answer(200, "{\"cancelled\":false}\n");
  if (!beat.has_progress() && desk_.heard_lately(beat.lease())) return respond(std::move(goes_on));
  append(std::move(event), std::move(respond), std::move(goes_on));
}

void RenderJobs::done(const Job& job, const std::string& body, ports::Respond respond) {
  if (job.state != Visualization::RUNNING) return respond(ports::problem(kOver));
  dom::parser parser;
  dom::element told;
  const bool parsed = parser.parse(body).get(told) == simdjson::SUCCESS;
  const std::string state = parsed ? text_of(told, "state", kNameBytes) : "";
  if (state != "SUCCEEDED" && state != "FAILED")
    return respond(invalid(R"(Send {"state": "SUCCEEDED"}, or "FAILED" with a "message".)"));
  schema::JobEvent event;
  event.set_job(job.id);
  event.mutable_done()->set_lease(job.lease);
  event.mutable_done()->set_succeeded(state == "SUCCEEDED");
  event.mutable_done()->set_message(text_of(told, "message", kMessageBytes));
  append(std::move(event), std::move(respond), no_content());
}

void RenderJobs::append(schema::JobEvent event, ports::Respond respond,
                        ports::HttpResponse answer) {
  desk_.append(std::move(event),
               [respond = std::move(respond), answer = std::move(answer)](Status status) mutable {
                 respond(status.ok() ? std::move(answer) : ports::problem(status.error()));
               });
}

void RenderJobs::handle(ports::HttpRequest request, ports::Respond respond) {
  const PathBelow path = path_below(kLeaseRoot, request.path);
  const Job* job = desk_.queue().of_lease(path.id);
  if (job == nullptr || job->state != Visualization::RUNNING) return respond(ports::problem(kOver));
  const std::string_view number = std::string_view(path.rest).substr(path.rest.find('/') + 1);
  std::uint32_t index = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), index);
  if (read.ec != std::errc() || read.ptr != number.data() + number.size() || index >= kParts)
    return respond(invalid("A part's index is a number below 1000."));
  const std::string& type = request.header("content-type");
  if (!is_content_type(type)) return respond(invalid("A part has a Content-Type."));
  if (job->pieces() >= kPieces || job->output_bytes() >= kOutputBytes)
    return respond(ports::problem({ErrorCode::too_large, "The job has shown as much as it may."}));
  const auto query = parse_query(request.query);
  schema::JobEvent event;
  event.set_job(job->id);
  schema::JobOutput& output = *event.mutable_output();
  output.set_lease(path.id);
  output.set_index(index);
  output.set_name(to_valid_utf8(query_text(query, "name").substr(0, kNameBytes)));
  output.set_content_type(type);
  output.set_append(query_text(query, "append") == "1");
  output.set_object(fmt::format("jobs/{}/{}", job->id, make_secret().substr(0, 32)));
  const std::string object = output.object();
  auto taken = [this, event = std::move(event),
                respond = std::move(respond)](Result<std::uint64_t> bytes) mutable {
    if (!bytes.ok()) return respond(ports::problem(bytes.error()));
    const std::string key = event.output().object();
    event.mutable_output()->set_bytes(bytes.value());
    auto kept = [this, key, lease = event.output().lease(),
                 respond = std::move(respond)](Status status) mutable {
      if (!status.ok()) desk_.drop_object(key);
      const Job* now = desk_.queue().of_lease(lease);
      const bool runs = now != nullptr && now->state == Visualization::RUNNING;
      respond(!status.ok() ? ports::problem(status.error())
              : runs       ? no_content()
                           : ports::problem(kOver));
    };
    desk_.append(std::move(event), std::move(kept));
  };
  take_body(loop_, store_, std::move(request.body), object, kOutputBytes - job->output_bytes(),
            std::move(taken));
}

}  // namespace telltale::jobs
