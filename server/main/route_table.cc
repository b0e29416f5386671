#include "main/route_table.h"

#include "base/limits.h"
#include "base/version.h"
#include "deliver/git_limits.h"
#include "jobs/job_limits.h"
#include "main/route_operations.h"
#include "serve/json_schema.h"
#include "web/openapi.h"
#include "web/static_files.h"

namespace telltale::main {
namespace {

using ports::HttpRequest;
using ports::HttpResponse;
using web::Operation;
using web::Scope;

constexpr std::string_view kNoCollect =
    "This server does not have the role collect; ask one that has.";
constexpr std::string_view kNoServe = "This server does not have the role serve; ask one that has.";
constexpr std::string_view kNoLinks = "This server makes no links for browsers.";
constexpr std::size_t kSignInBytes = 16U << 10;  // of a path or a code
constexpr std::string_view kNoGit =
    "This server takes no pushes: that takes one with the roles collect and serve.";
constexpr std::string_view kNoLaunch =
    "This server starts no runs: that takes one with the roles collect and serve. `python -m "
    "local_target run` starts one without it.";

}  // namespace

RouteTable::RouteTable(ports::Runtime& loop, web::BodyBudget& bodies, Troubles troubles,
                       Say metrics, const Answerers& who)
    : loop_(loop), bodies_(bodies) {
  add_process(std::move(troubles), std::move(metrics));
  add_sources(who.sources);
  add_events(who);
  add_sign_in(who.sign_in);
  add_runs(who.pages);
  add_git(who.pages);
  add_visualizations(who.visualizations);
  add_render(who.visualizations);
  add_page(who.pages);
  routes_ = std::make_unique<web::Routes>(std::move(table_));
  document_ = web::openapi_document(*routes_, kServerVersion,
                                    serve::view_schemas() + "," + operations::schemas());
}

ports::HttpHandler* RouteTable::plain(web::PlainAnswer::Say say) {
  return handlers_.emplace_back(std::make_unique<web::PlainAnswer>(std::move(say))).get();
}

ports::HttpHandler* RouteTable::whole(ports::WholeBodyHandler* handler) {
  if (handler == nullptr) return nullptr;
  return handlers_.emplace_back(std::make_unique<web::WholeBody>(loop_, bodies_, *handler)).get();
}

void RouteTable::add_process(Troubles troubles, Say metrics) {
  table_.push_back(
      {.method = "GET",
       .pattern = "/healthz",
       .handler = plain([](const HttpRequest&) { return web::text_answer(200, "ok\n"); }),
       .operation = operations::healthz()});
  table_.push_back({.method = "GET",
                    .pattern = "/readyz",
                    .handler = plain([troubles = std::move(troubles)](const HttpRequest&) {
                      const std::string why = troubles.of_process();
                      return web::text_answer(
                          why.empty() ? 200 : 503,
                          (why.empty() ? "ready\n" : why) + troubles.of_sources());
                    }),
                    .operation = operations::readyz()});
  table_.push_back({.method = "GET",
                    .pattern = "/metrics",
                    .scope = Scope::read,
                    .handler = plain([metrics = std::move(metrics)](const HttpRequest&) {
                      HttpResponse response = web::text_answer(200, metrics());
                      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                      return response;
                    }),
                    .operation = operations::metrics()});
  table_.push_back({.method = "GET",
                    .pattern = "/api/v1/openapi.json",
                    .scope = Scope::read,
                    .handler = plain([this](const HttpRequest&) {
                      HttpResponse response;
                      response.body = document_;
                      return response;
                    }),
                    .operation = operations::openapi()});
}

void RouteTable::add_sources(collect::HttpSources* sources) {
  table_.push_back({.method = "GET",
                    .pattern = "/api/v1/sources",
                    .scope = Scope::read,
                    .handler = sources,
                    .elsewhere = kNoCollect,
                    .event_stream = sources,
                    .operation = operations::sources()});
}

void RouteTable::add_events(const Answerers& who) {
  table_.push_back({.method = "POST",
                    .pattern = "/api/v1/events",
                    .scope = Scope::ingest,
                    .handler = whole(who.ingest),
                    .elsewhere = kNoCollect,
                    .body_limit = limits::kIngestBodyBytes,
                    .operation = operations::post_events()});
  table_.push_back({.method = "GET",
                    .pattern = "/api/v1/rejected",
                    .scope = Scope::read,
                    .handler = who.rejected,
                    .elsewhere = kNoCollect,
                    .operation = operations::rejected()});
}

// How a browser comes to act for the owner.
void RouteTable::add_sign_in(ports::WholeBodyHandler* sign_in) {
  ports::HttpHandler* handler = whole(sign_in);
  const auto add = [&](std::string_view pattern, std::optional<Scope> scope, Operation operation) {
    table_.push_back({.method = "POST",
                      .pattern = pattern,
                      .scope = scope,
                      .handler = handler,
                      .elsewhere = kNoLinks,
                      .body_limit = kSignInBytes,
                      .json_only = true,
                      .operation = std::move(operation)});
  };
  add("/api/v1/link", Scope::admin, operations::link());
  add("/api/v1/session", std::nullopt, operations::session());
  add("/api/v1/signed", Scope::read, operations::signed_address());
}

void RouteTable::add_runs(Pages* pages) {
  const bool* ready = pages == nullptr ? nullptr : &pages->ready();
  add_run(pages, "/api/v1/runs", operations::runs());
  table_.push_back({.method = "POST",
                    .pattern = "/api/v1/runs",
                    .scope = Scope::launch,
                    .handler = whole(pages == nullptr ? nullptr : pages->launch()),
                    .elsewhere = pages == nullptr ? kNoServe : kNoLaunch,
                    .body_limit = limits::kRequestBodyBytes,
                    .json_only = true,
                    .ready = ready,
                    .operation = operations::post_runs()});
  table_.push_back({.method = "POST",
                    .pattern = "/api/v1/runs/{key}/cancel",
                    .scope = Scope::launch,
                    .handler = pages == nullptr ? nullptr : &pages->cancel(),
                    .elsewhere = kNoServe,
                    .json_only = true,
                    .ready = ready,
                    .operation = operations::cancel()});
  add_run(pages, "/api/v1/runs/{key}", operations::run());
  add_run(pages, "/api/v1/runs/{key}/events", operations::run_events());
  add_run(pages, "/api/v1/runs/{key}/graph", operations::graph());
  add_run(pages, "/api/v1/runs/{key}/tasks/{id}", operations::task());
  add_run(pages, "/api/v1/runs/{key}/tasks/{id}/log", operations::log());
  add_run(pages, "/api/v1/runs/{key}/metrics/{id}", operations::series());
  add_run(pages, "/api/v1/runs/{key}/artifacts/{id}", operations::artifact());
  table_.push_back({.method = "GET",
                    .pattern = "/api/v1/live",
                    .scope = Scope::read,
                    .elsewhere = kNoServe,
                    .websocket = pages == nullptr ? nullptr : &pages->sockets(),
                    .ready = ready,
                    .operation = operations::live()});
}

// As git's own client asks. Fetching takes the same scope: who may read runs may not yet read code.
// The protocol is git's, and no part of the document.
void RouteTable::add_git(Pages* pages) {
  const auto add = [&](std::string_view method, std::string_view pattern, std::size_t body_limit) {
    table_.push_back({.method = method,
                      .pattern = pattern,
                      .scope = Scope::git,
                      .handler = pages == nullptr ? nullptr : pages->git(),
                      .elsewhere = pages == nullptr ? kNoServe : kNoGit,
                      .body_limit = body_limit,
                      .takes_gzip = body_limit > 0,
                      .ready = pages == nullptr ? nullptr : &pages->ready()});
  };
  add("GET", "/git/{repository}/info/refs", 0);
  add("POST", "/git/{repository}/git-receive-pack", deliver::limits::kPushBytes);
  add("POST", "/git/{repository}/git-upload-pack", deliver::limits::kFetchBytes);
  table_.push_back({.method = "POST",
                    .pattern = "/api/v1/projects/{project}/pushes",
                    .scope = Scope::git,
                    .handler = whole(pages == nullptr ? nullptr : pages->pushes()),
                    .elsewhere = pages == nullptr ? kNoServe : kNoGit,
                    .body_limit = limits::kRequestBodyBytes,
                    .json_only = true,
                    .ready = pages == nullptr ? nullptr : &pages->ready(),
                    .operation = operations::post_pushes()});
}

void RouteTable::add_visualizations(Visualizations* jobs) {
  ports::HttpHandler* handler = jobs == nullptr ? nullptr : &jobs->user_jobs();
  const bool* ready = jobs == nullptr ? nullptr : &jobs->ready();
  const auto get = [&](std::string_view pattern, bool streams, Operation operation) {
    table_.push_back({.method = "GET",
                      .pattern = pattern,
                      .scope = Scope::read,
                      .handler = handler,
                      .elsewhere = kNoServe,
                      .event_stream = jobs == nullptr || !streams ? nullptr : &jobs->streams(),
                      .ready = ready,
                      .operation = std::move(operation)});
  };
  get("/api/v1/visualizations", true, operations::visualizations());
  table_.push_back({.method = "POST",
                    .pattern = "/api/v1/visualizations",
                    .scope = Scope::launch,
                    .handler = whole(jobs == nullptr ? nullptr : &jobs->user_jobs()),
                    .elsewhere = kNoServe,
                    .body_limit = limits::kRequestBodyBytes,
                    .json_only = true,
                    .ready = ready,
                    .operation = operations::post_visualization()});
  get("/api/v1/visualizations/types", false, operations::visualization_types());
  get("/api/v1/visualizations/{job}", true, operations::visualization());
  table_.push_back({.method = "DELETE",
                    .pattern = "/api/v1/visualizations/{job}",
                    .scope = Scope::launch,
                    .handler = handler,
                    .elsewhere = kNoServe,
                    .ready = ready,
                    .operation = operations::cancel_visualization()});
  get("/api/v1/visualizations/{job}/parts/{index}", false, operations::visualization_part());
  table_.push_back({.method = "PUT",
                    .pattern = "/api/v1/runs/{key}/shown/{id}",
                    .scope = Scope::ingest,
                    .handler = jobs == nullptr ? nullptr : &jobs->shown_parts(),
                    .elsewhere = kNoServe,
                    .body_limit = jobs::kShownBytes,
                    .ready = ready,
                    .operation = operations::shown_part()});
}

// What workers say that draw.
void RouteTable::add_render(Visualizations* jobs) {
  ports::HttpHandler* handler = whole(jobs == nullptr ? nullptr : &jobs->render_jobs());
  const auto add = [&](std::string_view method, std::string_view pattern, Operation operation) {
    table_.push_back({.method = method,
                      .pattern = pattern,
                      .scope = Scope::render,
                      .handler = handler,
                      .elsewhere = kNoServe,
                      .body_limit = jobs::kRenderBodyBytes,
                      .json_only = true,
                      .ready = jobs == nullptr ? nullptr : &jobs->ready(),
                      .operation = std::move(operation)});
  };
  add("PUT", "/api/v1/render/types", operations::render_types());
  add("POST", "/api/v1/render/leases", operations::render_leases());
  add("POST", "/api/v1/render/leases/{lease}/beat", operations::render_beat());
  add("POST", "/api/v1/render/leases/{lease}/done", operations::render_done());
  table_.push_back({.method = "PUT",
                    .pattern = "/api/v1/render/leases/{lease}/parts/{index}",
                    .scope = Scope::render,
                    .handler = jobs == nullptr ? nullptr : &jobs->render_jobs(),
                    .elsewhere = kNoServe,
                    .body_limit = jobs::kOutputBytes,
                    .ready = jobs == nullptr ? nullptr : &jobs->ready(),
                    .operation = operations::render_part()});
}

void RouteTable::add_run(Pages* pages, std::string_view pattern, Operation operation) {
  table_.push_back({.method = "GET",
                    .pattern = pattern,
                    .scope = Scope::read,
                    .handler = pages == nullptr ? nullptr : &pages->rest(),
                    .elsewhere = kNoServe,
                    .event_stream = pages == nullptr ? nullptr : &pages->streams(),
                    .ready = pages == nullptr ? nullptr : &pages->ready(),
                    .operation = std::move(operation)});
}

void RouteTable::add_page(Pages* pages) {
  table_.push_back({.method = "GET",
                    .pattern = "/*",  // the page itself holds no data
                    .handler = pages == nullptr ? nullptr : plain(web::static_file),
                    .elsewhere = kNoServe});
}

}  // namespace telltale::main
