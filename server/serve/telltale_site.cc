#include "serve/telltale_site.h"

#include <fmt/format.h>

#include "schema/view.pb.h"
#include "serve/live_session.h"
#include "serve/openapi.h"
#include "serve/plain_answers.h"
#include "serve/static_files.h"

namespace telltale::serve {
namespace {

using ports::HttpRequest;
using ports::HttpResponse;

constexpr std::string_view kApi = "/api/";
constexpr std::string_view kRuns = "/api/v1/runs";
constexpr std::string_view kCancel = "/cancel";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

TelltaleSite::TelltaleSite(ports::Runtime& loop, ports::Log& log, LiveViews& views, RunList& runs,
                           Counters& counters, ports::HttpHandler* launch)
    : loop_(loop),
      views_(views),
      runs_(runs),
      counters_(counters),
      launch_(launch),
      rest_(loop, log, views, runs) {}

void TelltaleSite::answer(HttpRequest request, ports::Respond respond) {
  if (starts_with(request.path, kApi)) {
    answer_api(std::move(request), std::move(respond));
  } else if (request.method == "GET" || request.method == "HEAD") {
    respond(static_file(request));
  } else {
    respond(method_not_allowed("GET, HEAD"));
  }
}

void TelltaleSite::answer_api(HttpRequest request, ports::Respond respond) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool posts = request.method == "POST";
  if (!ready_) {
    respond(ports::problem({ErrorCode::unavailable, "The server is starting."}));
  } else if (request.path == "/api/v1/openapi.json") {
    HttpResponse response;
    response.body = std::string(openapi_document());
    respond(std::move(response));
  } else if (posts && request.path == kRuns) {
    launch(std::move(request), std::move(respond));
  } else if (posts && starts_with(request.path, kRuns) &&
             request.path == fmt::format("{}/{}{}", kRuns,
                                         request.path.substr(kRuns.size() + 1, kIdLength),
                                         kCancel)) {
    const auto key = RunKey::parse(request.path.substr(kRuns.size() + 1, kIdLength));
    if (key) {
      rest_.cancel(*key, std::move(respond));
    } else {
      respond(ports::problem({ErrorCode::invalid_argument, "This is no run key."}));
    }
  } else if (reads) {
    rest_.get(request, std::move(respond));
  } else {
    respond(method_not_allowed("GET"));
  }
}

void TelltaleSite::launch(HttpRequest request, ports::Respond respond) {
  if (launch_ != nullptr) {
    launch_->handle(std::move(request), std::move(respond));
    return;
  }
  respond(ports::problem({ErrorCode::not_found,
                          "This server starts no runs: that takes one with the roles collect and "
                          "serve. `python -m local_target run` starts one without it."}));
}

std::unique_ptr<Session> TelltaleSite::open_websocket(const HttpRequest& request,
                                                      Transport& transport) {
  if (request.path != "/api/v1/live" || !ready_) return nullptr;
  return std::make_unique<LiveSession>(loop_, views_, runs_, counters_, transport, encode_binary);
}

std::unique_ptr<Session> TelltaleSite::open_event_stream(const HttpRequest& request,
                                                         Transport& transport) {
  if (!ready_ || !parse_resource(request.path, request.query).ok()) return nullptr;
  auto session =
      std::make_unique<LiveSession>(loop_, views_, runs_, counters_, transport, encode_event);
  schema::Subscribe subscribe;
  subscribe.set_id(1);
  subscribe.set_path(request.query.empty() ? request.path : request.path + "?" + request.query);
  const std::string& last = request.header("last-event-id");
  const Result<Resource> resource = parse_resource(request.path, request.query);
  subscribe.set_since(last.empty() ? resource->text("since") : last);
  session->subscribe(subscribe);
  return session;
}

}  // namespace telltale::serve
