#include "main/wiring.h"

#include <fmt/format.h>

#include <future>

#include "base/counters.h"
#include "collect/http_ingest.h"
#include "loops/fold_worker.h"
#include "loops/health_loop.h"
#include "main/backends.h"
#include "main/pages.h"
#include "main/sources.h"
#include "runtime/asio_runtime.h"
#include "serve/http_server.h"
#include "serve/process_site.h"

namespace telltale::main {
namespace {

// Runs `what` on the loop and waits for what it returns.
template <typename What>
auto on_loop(ports::Runtime& loop, What what) {
  std::promise<decltype(what())> done;
  loop.post([&] { done.set_value(what()); });
  return done.get_future().get();
}

Result<serve::HttpServerOptions> http_options(const ServeConfig& config) {
  const Result<Address> address = parse_address(config.listen);
  if (!address.ok()) return address.error();
  serve::HttpServerOptions http;
  http.address = address->host;
  http.port = address->port;
  http.guard.hosts = config.hosts;
  if (!config.token_file.empty()) {
    Result<std::vector<std::string>> tokens = read_tokens(config.token_file);
    if (!tokens.ok()) return tokens.error();
    http.guard.tokens = tokens.take();
  } else if (!is_loopback(address->host)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} can be reached from other machines, and this server starts "
                             "Python. Give it --token-file, or listen on 127.0.0.1.",
                             config.listen)};
  }
  return http;
}

deliver::TargetLocalOptions local_options(const ServeConfig& config,
                                          const serve::GuardOptions& guard) {
  deliver::TargetLocalOptions local;
  local.python = config.python;
  local.python_path = config.python_path;
  local.data = config.data;
  if (!guard.tokens.empty()) local.token = guard.tokens.front();
  return local;
}

}  // namespace

// In the order they are built; destroyed in reverse. A role that this process does not have is
// null. All sockets live on serve_thread.
struct Wiring::Parts {
  Counters counters;
  Backends backends;
  runtime::AsioRuntime serve_thread{"serve"};
  std::unique_ptr<runtime::AsioRuntime> fold_thread;
  std::unique_ptr<runtime::AsioRuntime> collect_thread;
  std::unique_ptr<loops::HealthLoop> health;
  std::unique_ptr<loops::FoldWorker> fold_worker;
  collect::RejectedEvents rejected{counters};
  std::unique_ptr<collect::HttpIngest> ingest;
  std::unique_ptr<Sources> sources;
  std::unique_ptr<Pages> pages;
  std::unique_ptr<serve::ProcessSite> site;
  std::unique_ptr<serve::HttpServer> http;
  std::string url;
  bool stopped = false;

  void build(const Roles& roles, const std::vector<SourceSpec>& specs,
             deliver::TargetLocalOptions local);
};

void Wiring::Parts::build(const Roles& roles, const std::vector<SourceSpec>& specs,
                          deliver::TargetLocalOptions local) {
  ports::Log& log = *backends.log;
  ports::Store& store = *backends.store;
  health = std::make_unique<loops::HealthLoop>(serve_thread, log, store);
  const auto tell = [this](const std::string& part, const std::string& trouble) {
    serve_thread.post([this, part, trouble] { health->tell(part, trouble); });
  };
  if (roles.fold) {
    fold_thread = std::make_unique<runtime::AsioRuntime>("fold");
    fold_worker = std::make_unique<loops::FoldWorker>(
        *fold_thread, log, store, counters,
        [tell](const std::string& trouble) { tell("fold", trouble); });
  }
  if (roles.collect) {
    collect_thread = std::make_unique<runtime::AsioRuntime>("collect");
    ingest = std::make_unique<collect::HttpIngest>(serve_thread, *collect_thread, log, counters,
                                                   rejected);
    sources = std::make_unique<Sources>(specs, *collect_thread, log, counters, rejected, tell);
  }
  if (roles.serve) {
    // Runs started here send their events to this process and ask it whether to go on.
    pages = std::make_unique<Pages>(serve_thread, log, store, counters, std::move(local),
                                    roles.collect);
  }
  site = std::make_unique<serve::ProcessSite>(
      counters, [this] { return health->troubles(); }, ingest.get(),
      pages == nullptr ? nullptr : &pages->site());
  http = std::make_unique<serve::HttpServer>(serve_thread.context(), *site, counters);
}

Wiring::Wiring(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Wiring::~Wiring() { stop(); }

const std::string& Wiring::url() const { return parts_->url; }

bool Wiring::ready() const {
  return on_loop(parts_->serve_thread, [this] { return parts_->health->troubles().empty(); });
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
  const Result<serve::HttpServerOptions> http = http_options(config);
  if (!http.ok()) return http.error();
  auto parts = std::make_unique<Parts>();
  auto backends = Backends::open(config);
  if (!backends.ok()) return backends.error();
  parts->backends = backends.take();
  parts->build(roles.value(), sources.value(), local_options(config, http->guard));
  std::unique_ptr<Wiring> wiring(new Wiring(std::move(parts)));
  if (Status started = wiring->start(http.value()); !started.ok()) return started.error();
  return wiring;
}

// Sinks first: the fold, then what reads, then the doors: of who sends, and of what is fetched.
Status Wiring::start(const serve::HttpServerOptions& http) {
  Parts& p = *parts_;
  if (p.fold_worker != nullptr) p.fold_worker->start();
  const Status listening = on_loop(p.serve_thread, [&]() -> Status {
    p.health->start();
    if (p.pages != nullptr) {
      p.health->tell("serve", "reads the log");
      p.pages->start([&p] { p.health->tell("serve", ""); });
    }
    // On the loop itself, so that no request is taken before the address is known.
    const Result<int> port = p.http->listen(http);
    if (!port.ok()) return port.error();
    p.url = fmt::format("http://{}:{}", http.address, port.value());
    if (p.pages == nullptr) return Done{};
    p.pages->set_url(p.url);
    p.pages->settle_earlier_runs();
    return Done{};
  });
  if (listening.ok() && p.sources != nullptr) p.sources->start();
  return listening;
}

void Wiring::stop() {
  if (parts_ == nullptr || parts_->stopped) return;
  Parts& p = *parts_;
  p.stopped = true;
  on_loop(p.serve_thread, [&p] {
    p.http->close();
    return true;
  });
  if (p.sources != nullptr) p.sources->stop();
  if (p.fold_worker != nullptr) {
    std::promise<void> folded;
    p.fold_worker->stop([&] { folded.set_value(); });
    folded.get_future().wait();
  }
  p.backends.log->close();
  p.backends.store->close();
  // Connections end on their loop before what they refer to goes.
  if (p.collect_thread != nullptr) p.collect_thread->join();
  p.serve_thread.join();
  if (p.fold_thread != nullptr) p.fold_thread->join();
}

}  // namespace telltale::main
