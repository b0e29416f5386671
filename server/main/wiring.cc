#include "main/wiring.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <future>

#include "base/counters.h"
#include "collect/http_ingest.h"
#include "deliver/launch_request.h"
#include "deliver/target_local.h"
#include "log/sqlite_log.h"
#include "loops/fold_worker.h"
#include "runtime/asio_runtime.h"
#include "serve/http_server.h"
#include "serve/live_views.h"
#include "serve/run_list.h"
#include "serve/telltale_site.h"
#include "store/directory_store.h"

namespace telltale::main {
namespace {

// Calls `start` on the loop and waits for its answer.
template <typename Start>
Status wait_for(ports::Runtime& loop, Start start) {
  std::promise<Status> answered;
  loop.post([&] { start([&](Status status) { answered.set_value(std::move(status)); }); });
  return answered.get_future().get();
}

void find_launch(serve::LiveViews& views, const RunKey& key,
                 UniqueFunction<void(Result<deliver::LaunchSpec>)> found) {
  views.open(key, [found = std::move(found)](Result<serve::LiveViews::RunPtr> run) mutable {
    if (!run.ok()) {
      found(run.error());
      return;
    }
    const fold::RunHeader& header = (*run)->view.header();
    if (!header.launch) {
      found(Error{ErrorCode::invalid_argument,
                  "This run was not started here, so it cannot be started again here."});
      return;
    }
    deliver::LaunchSpec spec;
    spec.pipeline_file = header.launch->pipeline_file;
    spec.working_directory = header.launch->working_directory;
    spec.pipeline = header.pipeline;
    for (const auto& [name, json] : header.parameters)
      spec.parameters[name] = deliver::parameter_argument(json);
    found(std::move(spec));
  });
}

}  // namespace

// In the order they are built; destroyed in reverse.
struct Wiring::Parts {
  Counters counters;
  std::unique_ptr<log::SqliteLog> log;
  std::unique_ptr<store::DirectoryStore> store;
  runtime::AsioRuntime fold_thread{"fold"};
  runtime::AsioRuntime collect_thread{"collect"};
  runtime::AsioRuntime serve_thread{"serve"};
  std::unique_ptr<loops::FoldWorker> fold_worker;
  std::unique_ptr<serve::RunList> runs;
  std::unique_ptr<serve::LiveViews> views;
  std::unique_ptr<collect::HttpIngest> ingest;
  std::unique_ptr<deliver::TargetLocal> target_local;
  std::unique_ptr<serve::TelltaleSite> site;
  std::unique_ptr<serve::HttpServer> http;
  std::string url;
  bool stopped = false;
};

Wiring::Wiring(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Wiring::~Wiring() { stop(); }

const std::string& Wiring::url() const { return parts_->url; }

Result<std::unique_ptr<Wiring>> Wiring::build(const ServeConfig& config) {
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

  auto parts = std::make_unique<Parts>();
  Parts& p = *parts;
  log::SqliteLogOptions log_options;
  log_options.directory = config.data;
  auto log = log::SqliteLog::open(std::move(log_options));
  if (!log.ok()) return log.error();
  p.log = log.take();
  auto store = store::DirectoryStore::open(config.data + "/store");
  if (!store.ok()) return store.error();
  p.store = store.take();

  p.fold_worker = std::make_unique<loops::FoldWorker>(p.fold_thread, *p.log, *p.store, p.counters,
                                                      [](const std::string&) {
                                                        // A group within this process never
                                                        // throws its member out.
                                                      });
  p.runs = std::make_unique<serve::RunList>(p.serve_thread, *p.log, p.counters);
  p.views = std::make_unique<serve::LiveViews>(p.serve_thread, *p.log, *p.store, p.counters);
  p.ingest =
      std::make_unique<collect::HttpIngest>(p.serve_thread, p.collect_thread, *p.log, p.counters);
  deliver::TargetLocalOptions local;
  local.python = config.python;
  local.python_path = config.python_path;
  local.data = config.data;
  if (!http.guard.tokens.empty()) local.token = http.guard.tokens.front();
  p.target_local = std::make_unique<deliver::TargetLocal>(
      p.serve_thread, *p.log, std::move(local), [&views = *p.views](const RunKey& key, auto found) {
        find_launch(views, key, std::move(found));
      });
  p.site = std::make_unique<serve::TelltaleSite>(
      p.serve_thread, *p.log, *p.views, *p.runs, p.counters,
      serve::TelltaleSite::Handlers{*p.ingest, *p.target_local});
  p.http = std::make_unique<serve::HttpServer>(p.serve_thread.context(), *p.site, p.counters);
  std::unique_ptr<Wiring> wiring(new Wiring(std::move(parts)));
  if (Status started = wiring->start(http); !started.ok()) return started.error();
  return wiring;
}

// Sinks first: the fold, then what reads, then the door.
Status Wiring::start(const serve::HttpServerOptions& http) {
  Parts& p = *parts_;
  p.fold_worker->start();
  (void)wait_for(p.serve_thread, [&](auto done) { p.runs->start([done] { done(Done{}); }); });
  (void)wait_for(p.serve_thread, [&](auto done) { p.views->start([done] { done(Done{}); }); });
  return wait_for(p.serve_thread, [&](auto done) {
    // On serve's own loop, so that no request is taken before the address is known.
    const Result<int> port = p.http->listen(http);
    if (!port.ok()) {
      done(port.error());
      return;
    }
    p.url = fmt::format("http://{}:{}", http.address, port.value());
    p.target_local->set_url(p.url);
    p.site->set_ready();
    done(Done{});
  });
}

void Wiring::stop() {
  if (parts_ == nullptr || parts_->stopped) return;
  Parts& p = *parts_;
  p.stopped = true;
  (void)wait_for(p.serve_thread, [&](auto done) {
    p.http->close();
    done(Done{});
  });
  std::promise<void> folded;
  p.fold_worker->stop([&] { folded.set_value(); });
  folded.get_future().wait();
  p.log->close();
  p.store->close();
  // Connections end on their loop before what they refer to goes.
  p.collect_thread.join();
  p.serve_thread.join();
  p.fold_thread.join();
}

}  // namespace telltale::main
