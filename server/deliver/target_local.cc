#include "deliver/target_local.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/json.h"
#include "base/utf8.h"
#include "deliver/launch_check.h"
#include "deliver/launch_request.h"
#include "schema/event.pb.h"

namespace telltale::deliver {
namespace {

namespace fs = std::filesystem;

// The runner says itself how the run ended, and then ends with one of these. Of the latter two
// Python itself makes use as well, where the runner could not even begin.
constexpr int kSucceeded = 0;
constexpr int kFailed = 1;
constexpr int kRefused = 2;
// Of what is said in a run's stead before it spoke itself. What it says begins with version 2
// (python/local_target/run_tracker.py): that wins, whichever comes first.
constexpr std::uint64_t kBeforeItSpoke = 1;

std::string launch_log(const TargetLocalOptions& options, const RunKey& key) {
  return options.data + "/launches/" + key.text() + ".log";
}

std::string spool_of(const TargetLocalOptions& options) { return options.data + "/spool"; }

// The run's mark (python/local_target/leftovers.py): its process holds it while it lives. There
// before the run is in the log, so that the next server settles a run whose process never came.
void leave_mark(const TargetLocalOptions& options, const RunKey& key) {
  ::mkdir(spool_of(options).c_str(), 0700);  // there as a rule; else the next line says why not
  const std::string path = spool_of(options) + "/" + key.text() + ".running";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
  } else {
    spdlog::warn("deliver: no mark of a run at {}: {}", path, std::strerror(errno));
  }
}

// The last line that says something: of a Python traceback that is the exception.
std::string last_line_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const std::streamoff size = file.tellg();
  const std::streamoff from = size > 4096 ? size - 4096 : 0;
  file.seekg(from);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (line.find_first_not_of(" \r\t") != std::string::npos) last = line;
  }
  return to_valid_utf8(last);
}

std::string how_it_ended(const ports::ProcessEnd& end) {
  if (end.signal != 0) return fmt::format("ended by signal {}", end.signal);
  return fmt::format("exit code {}", end.status);
}

schema::Event event_of(const RunKey& key, ports::Runtime& loop, std::string id) {
  schema::Event event;
  event.set_id(std::move(id));
  event.set_run_key(key.text());
  event.set_happened_at_us(to_number(loop.now()));
  event.set_observed_at_us(to_number(loop.now()));
  return event;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> reporting_to(const TargetLocalOptions& options,
                                                              const std::string& url) {
  return {{"PYTHONPATH", options.python_path},
          {"TELLTALE_SPOOL_DIR", spool_of(options)},
          {"TELLTALE_URL", url},
          {"TELLTALE_TOKEN", options.token}};
}

TargetLocal::TargetLocal(ports::Runtime& loop, ports::EventGate& gate, ports::Processes& processes,
                         TargetLocalOptions options, FindLaunch find_launch)
    : loop_(loop),
      gate_(gate),
      processes_(processes),
      options_(std::move(options)),
      find_launch_(std::move(find_launch)) {}

TargetLocal::~TargetLocal() { *alive_ = false; }

void TargetLocal::handle(ports::HttpRequest, std::string body, ports::Respond respond) {
  Result<LaunchRequest> parsed = parse_launch_request(body);
  if (!parsed.ok()) {
    respond(ports::problem(parsed.error()));
    return;
  }
  if (!parsed->again) {
    launch(std::move(parsed->spec), std::move(respond));
    return;
  }
  find_launch_(*parsed->again, [this, others = std::move(parsed->spec.parameters),
                                respond = std::move(respond)](Result<LaunchSpec> found) mutable {
    if (!found.ok()) {
      respond(ports::problem(found.error()));
      return;
    }
    LaunchSpec spec = found.take();
    for (auto& [name, value] : others) spec.parameters[name] = std::move(value);
    launch(std::move(spec), std::move(respond));
  });
}

void TargetLocal::launch(LaunchSpec wish, ports::Respond respond) {
  Result<LaunchSpec> checked = check_launch(std::move(wish));
  if (!checked.ok()) {
    respond(ports::problem(checked.error()));
    return;
  }
  LaunchSpec spec = checked.take();
  if (::access(options_.python.c_str(), X_OK) != 0) {
    respond(ports::problem(
        {ErrorCode::unavailable,
         fmt::format("Python is not set up yet: there is no {}. `make setup` makes it.",
                     options_.python)}));
    return;
  }
  const RunKey key = make_run_key("local", "", spec.pipeline_file,
                                  fmt::format("{:016x}{:016x}", loop_.random(), loop_.random()));

  schema::Event event = event_of(key, loop_, "launch-" + key.text());
  schema::RunState& state = *event.mutable_run_state();
  // Without a version: whatever the runner says of itself is newer.
  state.set_state(schema::PENDING);
  state.set_source("local");
  state.set_name(fs::path(spec.pipeline_file).stem().string());
  state.set_pipeline(spec.pipeline);
  state.set_message("Starting Python and compiling the pipeline.");
  state.mutable_launch()->set_pipeline_file(spec.pipeline_file);
  state.mutable_launch()->set_working_directory(spec.working_directory);
  leave_mark(options_, key);
  append(event,
         [this, key, spec = std::move(spec), respond = std::move(respond)](Status status) mutable {
           if (!status.ok()) {
             respond(ports::problem(status.error()));
             return;
           }
           ports::ProcessSpec what = python({"run", spec.pipeline_file, "--run-key", key.text()});
           if (!spec.pipeline.empty()) what.arguments.push_back("--pipeline=" + spec.pipeline);
           for (const auto& [name, value] : spec.parameters)
             what.arguments.push_back("--param=" + name + "=" + value);
           what.working_directory = spec.working_directory;
           what.output_file = launch_log(options_, key);
           auto process = processes_.start(what);
           if (!process.ok()) {
             report_failure(key, process.error().message, kBeforeItSpoke);
             respond(ports::problem(process.error()));
             return;
           }
           await(process.take(), [this, key](const auto& end) { runner_ended(key, end); });
           ports::HttpResponse response;
           response.status = 202;
           response.body = fmt::format("{{\"run_key\":\"{}\"}}\n", key.text());
           response.headers.emplace_back("location", "/api/v1/runs/" + key.text());
           respond(std::move(response));
         });
}

void TargetLocal::await(std::unique_ptr<ports::Process> process,
                        UniqueFunction<void(const ports::ProcessEnd&)> ended) {
  const std::uint64_t number = next_number_++;
  ports::Process& kept = *(running_[number] = std::move(process));
  auto told = [this, alive = alive_, number,
               ended = std::move(ended)](ports::ProcessEnd end) mutable {
    if (!*alive) return;
    running_.erase(number);
    ended(end);
  };
  kept.await_end({loop_, std::move(told)});
}

void TargetLocal::runner_ended(const RunKey& key, const ports::ProcessEnd& end) {
  const bool by_itself = end.signal == 0;
  if (by_itself && end.status == kSucceeded) return;
  const bool said_so = by_itself && (end.status == kFailed || end.status == kRefused);
  report_failure(key,
                 fmt::format("The runner stopped ({}). {}", how_it_ended(end),
                             last_line_of(launch_log(options_, key))),
                 said_so ? kBeforeItSpoke : static_cast<std::uint64_t>(to_number(loop_.now())));
}

void TargetLocal::settle_earlier_runs() {
  std::error_code error;
  if (fs::is_empty(spool_of(options_), error) || error) return;
  if (::access(options_.python.c_str(), X_OK) != 0) return;  // with the next start, then
  ports::ProcessSpec what = python({"settle"});
  what.working_directory = options_.data;
  what.output_file = options_.data + "/launches/settle.log";
  auto process = processes_.start(what);
  if (!process.ok()) {
    spdlog::warn("deliver: what earlier runs left stays where it is: {}", process.error().message);
    return;
  }
  await(process.take(), [](const ports::ProcessEnd& end) {
    if (end != ports::ProcessEnd{})
      spdlog::warn("deliver: settling earlier runs failed ({})", how_it_ended(end));
  });
}

ports::ProcessSpec TargetLocal::python(std::vector<std::string> arguments) const {
  ports::ProcessSpec what;
  what.outlives = true;
  what.arguments = options_.confined;
  what.arguments.insert(what.arguments.end(), {options_.python, "-m", "local_target"});
  what.arguments.insert(what.arguments.end(), arguments.begin(), arguments.end());
  what.arguments.insert(what.arguments.end(), {"--url", url_});
  what.environment = reporting_to(options_, url_);
  what.without = {"TELLTALE_TOKEN_FILE"};
  return what;
}

void TargetLocal::report_failure(const RunKey& key, const std::string& why, std::uint64_t version) {
  schema::Event event = event_of(key, loop_, "launch-failed-" + key.text());
  schema::RunState& state = *event.mutable_run_state();
  state.set_state(schema::FAILED);
  state.set_version(version);
  state.set_finished_at_us(to_number(loop_.now()));
  state.set_message(why);
  append(event, [](Status) {
    // Nobody waits for it; the log that refuses it has said so to every sender.
  });
}

void TargetLocal::append(const schema::Event& event, UniqueFunction<void(Status)> done) {
  auto appended = [alive = alive_, done = std::move(done)](Status status) mutable {
    if (*alive) done(std::move(status));
  };
  gate_.append(event, {loop_, std::move(appended)});
}

}  // namespace telltale::deliver
