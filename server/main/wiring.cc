#include "main/wiring.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <future>
#include <utility>

#include "base/counters.h"
#include "collect/event_gate.h"
#include "collect/http_ingest.h"
#include "collect/http_rejected.h"
#include "loops/fold_worker.h"
#include "loops/health_loop.h"
#include "loops/retention_loop.h"
#include "main/access.h"
#include "main/backends.h"
#include "main/confine_command.h"
#include "main/data_folder.h"
#include "main/open_command.h"
#include "main/owner_token.h"
#include "main/pages.h"
#include "main/render_pool.h"
#include "main/route_table.h"
#include "main/sources.h"
#include "main/visualizations.h"
#include "runtime/asio_runtime.h"
#include "runtime/posix_processes.h"
#include "web/http_server.h"
#include "web/sign_in.h"

namespace telltale::main {
namespace {

// Runs `what` on the loop and waits for what it returns.
template <typename What>
auto on_loop(ports::Runtime& loop, What what) {
  std::promise<decltype(what())> done;
  loop.post([&] { done.set_value(what()); });
  return done.get_future().get();
}

Result<web::HttpServerOptions> http_options(const ServeConfig& config) {
  const Result<Address> address = parse_address(config.listen);
  if (!address.ok()) return address.error();
  web::HttpServerOptions http;
  http.address = address->host;
  http.port = address->port;
  http.guard.hosts = config.hosts;
  if (config.token_file.empty() && !is_loopback(address->host)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} can be reached from other machines, and this server starts "
                             "Python. Give it --token-file, or listen on 127.0.0.1.",
                             config.listen)};
  }
  return http;
}

deliver::TargetLocalOptions local_options(const ServeConfig& config, const Access& access) {
  deliver::TargetLocalOptions local;
  local.python = config.python;
  local.python_path = config.python_path;
  local.data = config.data;
  local.token = access.runner_token;
  // Not with the many files that this process is about to allow itself.
  local.confined = confined_to(open_files_limit());
  return local;
}

RenderPoolOptions render_options(const ServeConfig& config, const Access& access) {
  return {.python = config.python,
          .python_path = config.python_path,
          .data = config.data,
          .token = access.render_token,
          .jobs = config.render_workers};
}

loops::Keep what_to_keep(const ServeConfig& config) {
  constexpr double kDayUs = 86'400e6;
  loops::Keep keep;
  if (config.keep_days > 0) keep.age_us = static_cast<std::int64_t>(config.keep_days * kDayUs);
  if (config.keep_bytes > 0) keep.bytes = config.keep_bytes;
  return keep;
}

}  // namespace

// In the order they are built; destroyed in reverse. A role that this process does not have is
// null. All sockets live on serve_thread.
struct Wiring::Parts {
  Counters counters;
  web::BodyBudget bodies;
  Backends backends;
  std::unique_ptr<runtime::AsioRuntime> serve_thread;
  std::unique_ptr<web::BrowserSessions> browsers;
  std::unique_ptr<web::SignedPaths> signed_paths;
  std::unique_ptr<web::Authenticator> authenticator;
  std::unique_ptr<web::SignIn> sign_in;
  std::string token_to_leave;  // for commands of the same user; empty: there is none
  std::unique_ptr<LeftToken> left_token;
  std::unique_ptr<runtime::AsioRuntime> fold_thread;
  std::unique_ptr<runtime::AsioRuntime> collect_thread;
  std::unique_ptr<loops::HealthLoop> health;
  std::unique_ptr<loops::FoldWorker> fold_worker;
  std::unique_ptr<loops::RetentionLoop> retention;  // where something is to go
  collect::RejectedEvents rejected{counters};
  std::unique_ptr<collect::EventGate> gate;  // on collect_thread, where there is one
  std::unique_ptr<collect::HttpIngest> ingest;
  std::unique_ptr<collect::HttpRejected> http_rejected;
  std::unique_ptr<collect::SourceHealth> source_health;
  std::unique_ptr<collect::HttpSources> http_sources;
  std::unique_ptr<Sources> sources;
  bool sources_started = false;
  std::unique_ptr<runtime::PosixProcesses> processes;  // null where nothing is served
  std::unique_ptr<Pages> pages;
  std::unique_ptr<Visualizations> visualizations;  // as pages
  std::unique_ptr<RenderPool> render_pool;         // null where nothing is drawn here
  std::unique_ptr<RouteTable> routes;
  std::unique_ptr<web::HttpServer> http;
  std::string url;
  bool stopped = false;

  Status start_loops(const Roles& roles);
  std::string metrics() const;
  void let_in(Access access, const ServeConfig& config);
  void build(const Roles& roles, const std::vector<SourceSpec>& specs,
             deliver::TargetLocalOptions local, jobs::JobSources source_files,
             const loops::Keep& keep);
};

Status Wiring::Parts::start_loops(const Roles& roles) {
  const auto start = [](bool wanted, const char* name,
                        std::unique_ptr<runtime::AsioRuntime>& loop) -> Status {
    if (!wanted) return Done{};
    auto opened = runtime::AsioRuntime::open(name);
    if (!opened.ok()) return opened.error();
    loop = opened.take();
    return Done{};
  };
  if (Status status = start(true, "serve", serve_thread); !status.ok()) return status;
  if (Status status = start(roles.fold, "fold", fold_thread); !status.ok()) return status;
  return start(roles.collect, "collect", collect_thread);
}

std::string Wiring::Parts::metrics() const {
  constexpr std::string_view kName = "telltale_loop_longest_turn_seconds";
  std::string text = counters.prometheus();
  text += fmt::format(
      "# HELP {0} The most processor time one turn of a loop took: others waited for it.\n"
      "# TYPE {0} gauge\n",
      kName);
  const auto add = [&](std::string_view name, const auto& loop) {
    if (loop != nullptr)
      text += fmt::format("{}{{loop=\"{}\"}} {:.6f}\n", kName, name,
                          static_cast<double>(loop->longest_turn_us()) / 1e6);
  };
  add("serve", serve_thread);
  add("fold", fold_thread);
  add("collect", collect_thread);
  return text;
}

void Wiring::Parts::let_in(Access access, const ServeConfig& config) {
  token_to_leave = access.left_token;
  signed_paths = std::make_unique<web::SignedPaths>(*serve_thread);
  const std::string path = config.data + "/sessions";
  browsers = std::make_unique<web::BrowserSessions>(
      *serve_thread, access.sessions, [path](const std::string& text) {
        if (Status kept = write_private_file(path, text); !kept.ok())
          spdlog::warn("Browsers have to be let in again after a restart: {}",
                       kept.error().message);
      });
  authenticator = std::make_unique<web::Authenticator>(
      access.open, std::move(access.tokens), *browsers, *signed_paths, *serve_thread, counters);
  if (!access.left_token.empty()) sign_in = std::make_unique<web::SignIn>(*browsers, *signed_paths);
}

void Wiring::Parts::build(const Roles& roles, const std::vector<SourceSpec>& specs,
                          deliver::TargetLocalOptions local, jobs::JobSources source_files,
                          const loops::Keep& keep) {
  ports::Log& log = *backends.log;
  ports::Store& store = *backends.store;
  runtime::AsioRuntime& gate_thread = collect_thread != nullptr ? *collect_thread : *serve_thread;
  gate = std::make_unique<collect::EventGate>(gate_thread, log, counters, rejected);
  gate->shut("Log and store are being compared. Try again in a second.");
  health = std::make_unique<loops::HealthLoop>(
      *serve_thread, log, store, [this, &gate_thread](const std::string& why_not) {
        gate_thread.post([this, why_not] { gate->shut(why_not); });
        // Not before: what they read would be refused.
        if (sources != nullptr && !std::exchange(sources_started, true)) sources->start();
      });
  const auto tell = [this](const std::string& part, const std::string& trouble) {
    serve_thread->post([this, part, trouble] { health->tell(part, trouble); });
  };
  if (roles.fold) {
    fold_worker = std::make_unique<loops::FoldWorker>(
        *fold_thread, log, store, counters,
        [tell](const std::string& trouble) { tell("fold", trouble); });
    if (keep.age_us || keep.bytes)
      retention = std::make_unique<loops::RetentionLoop>(*fold_thread, log, store, counters, keep);
  }
  source_health = std::make_unique<collect::SourceHealth>(Sources::describe(specs));
  http_sources = std::make_unique<collect::HttpSources>(*source_health);
  if (roles.collect) {
    ingest = std::make_unique<collect::HttpIngest>(*serve_thread, *collect_thread, *gate, counters,
                                                   rejected);
    http_rejected =
        std::make_unique<collect::HttpRejected>(*serve_thread, *collect_thread, rejected);
    auto tell_of = [this](const std::string& name, const std::string& part,
                          const std::string& trouble) {
      serve_thread->post([this, name, part, trouble] {
        source_health->tell(name, part, trouble, serve_thread->now());
      });
    };
    sources =
        std::make_unique<Sources>(specs, *collect_thread, log, *gate, counters, rejected, tell_of);
  }
  if (roles.serve) {
    // Runs started here send their events to this process and ask it whether to go on.
    processes = std::make_unique<runtime::PosixProcesses>(serve_thread->context());
    pages = std::make_unique<Pages>(*serve_thread, log, store, *gate, *processes, counters,
                                    std::move(local), roles.collect);
    visualizations =
        std::make_unique<Visualizations>(*serve_thread, log, store, std::move(source_files));
  }
  routes = std::make_unique<RouteTable>(
      *serve_thread, bodies,
      RouteTable::Troubles{[this] { return health->troubles(); },
                           [this] { return source_health->lines(); }},
      [this] { return metrics(); },
      Answerers{ingest.get(), http_rejected.get(), http_sources.get(), sign_in.get(), pages.get(),
                visualizations.get()});
  http = std::make_unique<web::HttpServer>(serve_thread->context(), *serve_thread, routes->routes(),
                                           *authenticator, bodies, counters);
}

Wiring::Wiring(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Wiring::~Wiring() { stop(); }

const std::string& Wiring::url() const { return parts_->url; }

std::string Wiring::make_link() {
  if (parts_->sign_in == nullptr) return "";
  return link_with(parts_->url, on_loop(*parts_->serve_thread,
                                        [this] { return parts_->browsers->make_code(); }));
}

bool Wiring::ready() const {
  return on_loop(*parts_->serve_thread, [this] { return parts_->health->troubles().empty(); });
}

Result<std::unique_ptr<Wiring>> Wiring::build(const ServeConfig& config) {
  const Result<Roles> roles = parse_roles(config.roles);
  if (!roles.ok()) return roles.error();
  const Result<std::vector<SourceSpec>> sources = parse_sources(config.sources);
  if (!sources.ok()) return sources.error();
  if (!sources->empty() && !roles->collect) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("--source {} is read where the role collect is, not with --roles {}.",
                             sources->front().name, config.roles)};
  }
  if (Status known = Sources::check(sources.value()); !known.ok()) return known.error();
  const Result<web::HttpServerOptions> http = http_options(config);
  if (!http.ok()) return http.error();
  Result<jobs::JobSources> source_files =
      jobs::JobSources::open(config.visualize_roots, config.data);
  if (!source_files.ok()) return source_files.error();
  auto parts = std::make_unique<Parts>();
  // Of this folder nothing is needed where log and store are elsewhere and nobody is served.
  if (roles->serve || config.log == "sqlite" || config.store == "directory") {
    if (Status made = prepare_data_folder(config.data); !made.ok()) return made.error();
  }
  auto backends = Backends::open(config);
  if (!backends.ok()) return backends.error();
  parts->backends = backends.take();
  if (Status status = parts->start_loops(roles.value()); !status.ok()) return status.error();
  Result<Access> access = read_access(config, is_loopback(http->address), roles->serve);
  if (!access.ok()) return access.error();
  deliver::TargetLocalOptions local = local_options(config, access.value());
  RenderPoolOptions render = render_options(config, access.value());
  parts->let_in(access.take(), config);
  parts->build(roles.value(), sources.value(), std::move(local), source_files.take(),
               what_to_keep(config));
  if (parts->processes != nullptr && render.jobs > 0)
    parts->render_pool =
        std::make_unique<RenderPool>(*parts->serve_thread, *parts->processes, std::move(render));
  std::unique_ptr<Wiring> wiring(new Wiring(std::move(parts)));
  if (Status started = wiring->start(http.value()); !started.ok()) return started.error();
  return wiring;
}

// Sinks first: the fold, then what reads, then the doors: of who sends, and of what is fetched.
Status Wiring::start(const web::HttpServerOptions& http) {
  Parts& p = *parts_;
  if (p.fold_worker != nullptr) p.fold_worker->start();
  if (p.retention != nullptr) p.retention->start();
  const Status listening = on_loop(*p.serve_thread, [&]() -> Status {
    p.health->start();
    if (p.pages != nullptr) {
      p.health->tell("serve", "reads the log");
      p.pages->start([&p] { p.health->tell("serve", ""); });
      p.visualizations->start();
    }
    // On the loop itself, so that no request is taken before the address is known.
    const Result<int> port = p.http->listen(http);
    if (!port.ok()) return port.error();
    p.url = fmt::format("http://{}:{}", http.address, port.value());
    std::vector<std::string> hosts = web::hosts_of(http.address, port.value());
    hosts.insert(hosts.end(), http.guard.hosts.begin(), http.guard.hosts.end());
    if (!p.token_to_leave.empty())
      p.left_token = std::make_unique<LeftToken>(hosts, p.token_to_leave);
    if (p.pages == nullptr) return Done{};
    p.pages->set_url(p.url);
    if (p.render_pool != nullptr) p.render_pool->start(p.url);
    p.pages->settle_earlier_runs();
    return Done{};
  });
  return listening;
}

void Wiring::stop() {
  if (parts_ == nullptr || parts_->stopped) return;
  Parts& p = *parts_;
  p.stopped = true;
  p.left_token.reset();
  // No connection outlives what it refers to.
  std::promise<void> closed;
  p.serve_thread->post([&] { p.http->close([&] { closed.set_value(); }); });
  closed.get_future().wait();
  on_loop(*p.serve_thread, [&p] {
    p.render_pool.reset();
    return true;
  });
  if (p.sources != nullptr) p.sources->stop();
  if (p.retention != nullptr) {
    std::promise<void> rested;
    p.retention->stop([&] { rested.set_value(); });
    rested.get_future().wait();
  }
  if (p.fold_worker != nullptr) {
    std::promise<void> folded;
    p.fold_worker->stop([&] { folded.set_value(); });
    folded.get_future().wait();
  }
  p.backends.log->close();
  p.backends.store->close();
  if (p.collect_thread != nullptr) p.collect_thread->join();
  p.serve_thread->join();
  if (p.fold_thread != nullptr) p.fold_thread->join();
}

}  // namespace telltale::main
