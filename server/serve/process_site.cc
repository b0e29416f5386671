#include "serve/process_site.h"

#include <fmt/format.h>

#include "serve/plain_answers.h"

namespace telltale::serve {
namespace {

using ports::HttpRequest;
using ports::HttpResponse;

HttpResponse without_role(const char* role) {
  return ports::problem(
      {ErrorCode::not_found,
       fmt::format("This server does not have the role {}; ask one that has.", role)});
}

}  // namespace

void ProcessSite::answer(HttpRequest request, ports::Respond respond) {
  if (request.path == "/healthz") {
    respond(text_answer(200, "ok\n"));
  } else if (request.path == "/readyz") {
    const std::string troubles = troubles_();
    respond(troubles.empty() ? text_answer(200, "ready\n") : text_answer(503, troubles));
  } else if (request.path == "/metrics") {
    HttpResponse response = text_answer(200, counters_.prometheus());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    respond(std::move(response));
  } else if (request.path == "/api/v1/events") {
    const bool allowed = request.method == "POST";
    ingest(std::move(request), allowed, "POST", std::move(respond));
  } else if (request.path == "/api/v1/rejected") {
    const bool allowed = request.method == "GET" || request.method == "HEAD";
    ingest(std::move(request), allowed, "GET, HEAD", std::move(respond));
  } else if (pages_ != nullptr) {
    pages_->answer(std::move(request), std::move(respond));
  } else {
    respond(without_role("serve"));
  }
}

void ProcessSite::ingest(HttpRequest request, bool allowed, const char* methods,
                         ports::Respond respond) {
  if (ingest_ == nullptr) {
    respond(without_role("collect"));
  } else if (!allowed) {
    respond(method_not_allowed(methods));
  } else {
    ingest_->handle(std::move(request), std::move(respond));
  }
}

std::unique_ptr<Session> ProcessSite::open_websocket(const HttpRequest& request,
                                                     Transport& transport) {
  return pages_ == nullptr ? nullptr : pages_->open_websocket(request, transport);
}

std::unique_ptr<Session> ProcessSite::open_event_stream(const HttpRequest& request,
                                                        Transport& transport) {
  return pages_ == nullptr ? nullptr : pages_->open_event_stream(request, transport);
}

}  // namespace telltale::serve
