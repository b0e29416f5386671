#include "collect/http_ingest.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/limits.h"

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

HttpIngest::HttpIngest(ports::Runtime& serve_loop, ports::Runtime& collect_loop, ports::Log& log,
                       Counters& counters, RejectedEvents& rejected)
    : serve_loop_(serve_loop),
      collect_loop_(collect_loop),
      log_(log),
      counters_(counters),
      rejected_(rejected) {}

void HttpIngest::handle(HttpRequest request, ports::Respond respond) {
  ports::Completion<HttpResponse> done(serve_loop_, std::move(respond));
  collect_loop_.post([this, request = std::move(request), done = std::move(done)]() mutable {
    if (request.method == "POST") {
      take(std::move(request), std::move(done));
    } else {
      HttpResponse response;
      response.body = rejected_.json();
      done(std::move(response));
    }
  });
}

void HttpIngest::take(HttpRequest request, ports::Completion<HttpResponse> done) {
  counters_.add(Counter::ingest_requests);
  counters_.add(Counter::ingest_bytes, request.body.size());
  const EpochUs now = collect_loop_.now();
  ParsedEvents parsed = is_protobuf(request) ? parse_protobuf_events(request.body, now)
                                             : parse_json_events(request.body, now);
  rejected_.note(parsed.refused, now);
  if (parsed.records.empty()) {
    if (parsed.refused.empty())
      parsed.refused.push_back({0, ErrorCode::invalid_argument, "The body holds no events.", {}});
    done(answer(400, 0, refused_json(parsed.refused)));
    return;
  }
  if (!within_budget(parsed)) {
    counters_.add(Counter::ingest_busy);
    done(ports::problem({ErrorCode::too_many_requests,
                         fmt::format("This run sent more than {} bytes within a second. "
                                     "Send the batch again in a second.",
                                     limits::kRunBytesPerSecond)}));
    return;
  }
  append(std::move(parsed), std::move(done));
}

void HttpIngest::append(ParsedEvents parsed, ports::Completion<HttpResponse> done) {
  const std::size_t count = parsed.records.size();
  counters_.add(Counter::events_unparsed, parsed.with_unknown_fields);
  auto answered = [this, count, refused = refused_json(parsed.refused),
                   done = std::move(done)](Result<ports::Appended> appended) mutable {
    if (appended.ok()) {
      counters_.add(Counter::events_accepted, count);
      done(answer(200, count, refused));
      return;
    }
    const bool busy = appended.error().code == ErrorCode::too_many_requests;
    counters_.add(busy ? Counter::ingest_busy : Counter::log_append_failures);
    done(ports::problem(appended.error()));
  };
  log_.append(ports::kEventsTopic, std::move(parsed.records),
              ports::Completion<Result<ports::Appended>>(collect_loop_, std::move(answered)));
}

// A batch is taken whole or not at all; one that alone is larger than the budget still passes when
// nothing else was sent in its second, else it never could.
bool HttpIngest::within_budget(const ParsedEvents& parsed) {
  const std::int64_t second = to_number(collect_loop_.now()) / 1'000'000;
  if (second != budget_second_) {
    budget_second_ = second;
    budget_used_.clear();
  }
  std::unordered_map<std::string, std::size_t> wanted;
  for (const ports::Record& record : parsed.records) wanted[record.key] += record.value.size();
  for (const auto& [run, bytes] : wanted) {
    const auto used = budget_used_.find(run);
    if (used != budget_used_.end() && used->second + bytes > limits::kRunBytesPerSecond)
      return false;
  }
  for (const auto& [run, bytes] : wanted) budget_used_[run] += bytes;
  return true;
}

}  // namespace telltale::collect
