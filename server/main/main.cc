// The program: `telltale serve`, `run`, `open`, `import`, `admin`, and the verbs of python_command.
#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>

#include "base/version.h"
#include "main/admin_command.h"
#include "main/config.h"
#include "main/confine_command.h"
#include "main/import_command.h"
#include "main/open_command.h"
#include "main/python_command.h"
#include "main/run_command.h"
#include "main/wiring.h"

namespace telltale::main {
namespace {

// The folder that holds .venv and python/: where the program was built, or beside it.
std::string home_folder() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path().string();
}

int fail(const Error& error) {
  fmt::print(stderr, "telltale: {}\n", error.message);
  return 1;
}

constexpr std::chrono::seconds kNoTime{0};

// A link is for who looks at the terminal, and for no file that output goes to.
void tell_where(Wiring& wiring) {
  const std::string link = ::isatty(STDOUT_FILENO) == 1 ? wiring.make_link() : "";
  if (link.empty()) {
    fmt::print("Telltale is at {}\n", wiring.url());
  } else {
    fmt::print("Telltale is at {}\n", link);
    fmt::print("The link is good once, within 5 minutes; `telltale open` prints another.\n");
  }
}

int serve(ServeConfig config) {
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  spdlog::set_level(spdlog::level::from_str(config.log_level));
  // Blocked before any thread starts, so that only sigwait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  // What a sender got wrong is told to the sender, and not to our log line by line.
  google::protobuf::SetLogHandler(nullptr);
  config.data = std::filesystem::absolute(config.data).lexically_normal().string();
  // A log or a store that is away keeps it from being ready, never from being stopped.
  const timespec pause{0, 5'000'000};
  auto building = std::async(std::launch::async, [&] { return Wiring::build(config); });
  while (building.wait_for(kNoTime) != std::future_status::ready) {
    if (sigtimedwait(&signals, nullptr, &pause) >= 0) std::_Exit(0);  // it bears worse
  }
  const auto wiring = building.get();
  if (!wiring.ok()) return fail(wiring.error());
  bool told = false;
  while (sigtimedwait(&signals, nullptr, told ? nullptr : &pause) < 0) {
    if (told || !wiring.value()->ready()) continue;
    told = true;
    tell_where(*wiring.value());
    std::fflush(stdout);
  }
  wiring.value()->stop();
  return 0;
}

void add_serve(CLI::App& app, ServeConfig& config) {
  CLI::App& command = *app.add_subcommand("serve", "The server, or some of its roles");
  command.add_option("--listen", config.listen, "ADDRESS:PORT; port 0 takes a free one")
      ->envname("TELLTALE_LISTEN")
      ->capture_default_str();
  command
      .add_option("--roles", config.roles, "What this process does: any of collect, fold, serve")
      ->envname("TELLTALE_ROLES")
      ->capture_default_str();
  command
      .add_option("--log", config.log, "The log: sqlite, or kafka://HOST:PORT[?property=value&...]")
      ->envname("TELLTALE_LOG")
      ->capture_default_str();
  command
      .add_option("--store", config.store,
                  "The store: directory, or s3://BUCKET[?endpoint=URL&...]")
      ->envname("TELLTALE_STORE")
      ->capture_default_str();
  command.add_option("--data", config.data, "Folder of the log and the store; made if missing")
      ->envname("TELLTALE_DATA")
      ->capture_default_str();
  command
      .add_option("--source", config.sources,
                  "file:PATH, a file of events as it grows; kubernetes:, a cluster; repeatable")
      ->envname("TELLTALE_SOURCE");
  command.add_option("--host", config.hosts, "Another Host (with port) it may be asked as")
      ->envname("TELLTALE_HOST");
  command
      .add_option("--token-file", config.token_file,
                  "TOKEN NAME SCOPE,SCOPE a line; needed beyond loopback")
      ->envname("TELLTALE_TOKEN_FILE");
  command
      .add_option("--without-token", config.without_token,
                  "What needs no token: read, ingest, both, or none; both on loopback without "
                  "--token-file, else none")
      ->envname("TELLTALE_WITHOUT_TOKEN");
  command.add_option("--python", config.python, "Interpreter with kfp, for runs on this machine")
      ->envname("TELLTALE_PYTHON")
      ->capture_default_str();
  command.add_option("--python-path", config.python_path, "Folder that holds local_target")
      ->envname("TELLTALE_PYTHON_PATH")
      ->capture_default_str();
  command
      .add_option("--keep-days", config.keep_days,
                  "Remove runs that ended so many days ago; without it they stay")
      ->envname("TELLTALE_KEEP_DAYS")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--keep-bytes", config.keep_bytes,
                  "Remove the oldest runs that have ended while the store has more: 500MB, 20GB")
      ->envname("TELLTALE_KEEP_BYTES")
      ->transform(CLI::AsSizeValue(true));
  command
      .add_option("--visualize-root", config.visualize_roots,
                  "Folder whose files visualizations may be drawn from; repeatable")
      ->envname("TELLTALE_VISUALIZE_ROOT");
  command
      .add_option("--render-workers", config.render_workers,
                  "Visualizations drawn on this machine at a time, by --python; 0: none")
      ->envname("TELLTALE_RENDER_WORKERS")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  command.add_option("--log-level", config.log_level, "debug, info, warn or error")
      ->envname("TELLTALE_LOG_LEVEL")
      ->capture_default_str();
}

void add_run(CLI::App& app, RunConfig& config) {
  CLI::App& command = *app.add_subcommand("run", "Run a pipeline file and say where to watch it");
  command.add_option("pipeline", config.pipeline_file, "Python file with a @dsl.pipeline")
      ->required();
  command.add_option("--pipeline", config.pipeline, "Which one, when the file has several");
  command.add_option("--param", config.parameters, "name=value, as often as needed");
  command.add_option("--url", config.url, "Of the server")
      ->envname("TELLTALE_URL")
      ->capture_default_str();
}

void add_import(CLI::App& app, ImportConfig& config) {
  CLI::App& command = *app.add_subcommand("import", "Play what was recorded to a server");
  command.require_subcommand(1);
  CLI::App& watch = *command.add_subcommand(
      "argo-watch", "Watch streams of workflows, NAME.jsonl or .jsonl.gz, pods beside them");
  watch.add_option("files", config.files, "NAME.jsonl; NAME.pods.jsonl is played with it")
      ->required();
  watch.add_option("--to", config.url, "The server")
      ->envname("TELLTALE_URL")
      ->capture_default_str();
  watch.add_option("--speed", config.speed, "1: as it was, 10: ten times as fast, max")
      ->capture_default_str();
  watch.add_option("--cluster", config.cluster, "What the cluster is called")
      ->capture_default_str();
}

void add_open(CLI::App& app, OpenConfig& config) {
  CLI::App& command =
      *app.add_subcommand("open", "Print a link with which a browser may start and stop runs");
  command.add_option("--url", config.url, "Of the server")
      ->envname("TELLTALE_URL")
      ->capture_default_str();
}

int run_program(int argc, char** argv, mode_t files_mode) {
  CLI::App app{"Telltale shows a Kubeflow pipeline, now."};
  app.set_version_flag("--version", kServerVersion);
  app.set_config("--config", "", "Flags from a file: [serve] and name=value lines");
  app.require_subcommand(1);
  ServeConfig serve_config;
  serve_config.python = home_folder() + "/.venv/bin/python";
  serve_config.python_path = home_folder() + "/python";
  RunConfig run_config;
  ImportConfig import_config;
  OpenConfig open_config;
  AdminConfig admin_config;
  add_serve(app, serve_config);
  add_run(app, run_config);
  add_open(app, open_config);
  add_import(app, import_config);
  const CLI::App& admin = add_admin(app, admin_config);
  add_python_commands(app);
  const Status other = become_python_command({argv, argv + argc}, home_folder(), files_mode);
  if (!other.ok()) return fail(other.error());
  CLI11_PARSE(app, argc, argv);
  if (app.got_subcommand("serve")) return serve(std::move(serve_config));
  if (app.got_subcommand("admin")) {
    spdlog::set_level(spdlog::level::warn);
    const Result<int> status = admin_command(admin, std::move(admin_config));
    return status.ok() ? status.value() : fail(status.error());
  }
  const Status done = app.got_subcommand("import") ? import_command(import_config)
                      : app.got_subcommand("open") ? open_command(open_config)
                                                   : run_command(run_config);
  return done.ok() ? 0 : fail(done.error());
}

}  // namespace
}  // namespace telltale::main

int main(int argc, char** argv) {
  // Whatever the program writes is its user's alone: logs and parameters hold what they hold.
  const mode_t files_mode = ::umask(077);
  if (argc > 1 && std::strcmp(argv[1], "confine") == 0)
    return telltale::main::confine_command(argc, argv);
  return telltale::main::run_program(argc, argv, files_mode);
}
