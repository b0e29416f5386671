#include "main/pages.h"

#include <memory>

#include "deliver/launch_request.h"

namespace telltale::main {
namespace {

// How a run was started, so that it can be started again.
void find_launch(serve::LiveViews& views, const RunKey& key,
                 UniqueFunction<void(Result<deliver::LaunchSpec>)> found) {
  views.open(key, [found = std::move(found)](Result<serve::LiveViews::RunPtr> run) mutable {
    if (!run.ok()) {
      found(run.error());
      return;
    }
    const fold::RunHeader& header = (*run)->view.header();
    if (!header.launch) {
      found(Error{ErrorCode::not_found,
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

Pages::Pages(ports::Runtime& loop, ports::Log& log, ports::Store& store, ports::EventGate& gate,
             ports::Processes& processes, Counters& counters, deliver::TargetLocalOptions local,
             bool starts_runs)
    : runs_(loop, log, counters),
      views_(loop, log, store, counters),
      target_local_(
          loop, gate, processes, local,
          [this](const RunKey& key, auto found) { find_launch(views_, key, std::move(found)); }),
      git_(loop, processes, local),
      pushes_(loop, processes, std::move(local)),
      starts_runs_(starts_runs),
      rest_(loop, log, views_, runs_),
      cancel_(loop, gate, runs_),
      sockets_(serve::LiveHandler::Kind::socket, loop, views_, runs_, counters),
      streams_(serve::LiveHandler::Kind::stream, loop, views_, runs_, counters) {}

void Pages::start(UniqueFunction<void()> ready) {
  auto missing = std::make_shared<int>(2);
  auto told = std::make_shared<UniqueFunction<void()>>(std::move(ready));
  const auto one_ready = [this, missing, told] {
    if (--*missing > 0) return;
    ready_ = true;
    (*told)();
  };
  runs_.start(one_ready);
  views_.start(one_ready);
}

}  // namespace telltale::main
