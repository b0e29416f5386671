#include "collect/http_ingest.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace telltale::collect {
namespace {

using ports::HttpRequest;
using ports::HttpResponse;

std::string refused_json(const std::vector<Refused>& refused) {
  // A flood of bad lines is told by its first hundred; the counter has the whole number.
  constexpr std::size_t kTold = 100;
  std::string json = "[";
  for (std::size_t i = 0; i < refused.size() && i < kTold; ++i) {
    json += fmt::format("{}{{\"line\":{},\"code\":\"{}\",\"message\":{}}}", i == 0 ? "" : ",",
                        refused[i].line, name_of(refused[i].code), json_string(refused[i].message));
  }
  return json + "]";
}

HttpResponse answer(int status, std::size_t accepted, const std::string& refused) {
  HttpResponse response;
  response.status = status;
  response.body = fmt::format("{{\"accepted\":{},\"rejected\":{}}}\n", accepted, refused);
  return response;
}

bool is_protobuf(const HttpRequest& request) {
  const std::string& type = request.header("content-type");
  return type.rfind("application/x-protobuf", 0) == 0 || type.rfind("application/protobuf", 0) == 0;
}

}  // namespace

HttpIngest::HttpIngest(ports::Runtime& serve_loop, ports::Runtime& collect_loop,
                       ports::EventGate& gate, Counters& counters, RejectedEvents& rejected)
    : serve_loop_(serve_loop),
      collect_loop_(collect_loop),
      gate_(gate),
      counters_(counters),
      rejected_(rejected) {}

void HttpIngest::handle(HttpRequest request, std::string body, ports::Respond respond) {
  ports::Completion<HttpResponse> done(serve_loop_, std::move(respond));
  collect_loop_.post([this, request = std::move(request), body = std::move(body),
                      done = std::move(done)]() mutable { take(request, body, std::move(done)); });
}

void HttpIngest::take(const HttpRequest& request, const std::string& body,
                      ports::Completion<HttpResponse> done) {
  counters_.add(Counter::ingest_requests);
  counters_.add(Counter::ingest_bytes, body.size());
  const EpochUs now = collect_loop_.now();
  ParsedEvents parsed =
      is_protobuf(request) ? parse_protobuf_events(body, now) : parse_json_events(body, now);
  rejected_.note(parsed.refused, now);
  if (parsed.records.empty()) {
    if (parsed.refused.empty())
      parsed.refused.push_back({0, ErrorCode::invalid_argument, "The body holds no events.", {}});
    done(answer(400, 0, refused_json(parsed.refused)));
    return;
  }
  append(std::move(parsed), std::move(done));
}

void HttpIngest::append(ParsedEvents parsed, ports::Completion<HttpResponse> done) {
  counters_.add(Counter::events_unparsed, parsed.with_unknown_fields);
  for (Refused& one : parsed.refused) one.raw = {};  // the body is gone by then
  auto settled = [this, lines = std::move(parsed.lines), refused = std::move(parsed.refused),
                  done = std::move(done)](Result<ports::GateAnswer> passed) mutable {
    if (!passed.ok()) {
      const bool busy = passed.error().code == ErrorCode::too_many_requests;
      if (busy) counters_.add(Counter::ingest_busy);
      done(ports::problem(passed.error()));
      return;
    }
    for (const ports::GateAnswer::Refusal& one : passed->refused)
      refused.push_back({lines[one.index], one.why.code, one.why.message, {}});
    std::sort(refused.begin(), refused.end(),
              [](const Refused& a, const Refused& b) { return a.line < b.line; });
    done(answer(passed->kept > 0 ? 200 : 400, passed->kept, refused_json(refused)));
  };
  gate_.append(std::move(parsed.records), ports::EventGate::From::request,
               ports::Completion<Result<ports::GateAnswer>>(collect_loop_, std::move(settled)));
}

}  // namespace telltale::collect
