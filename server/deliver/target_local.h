// TargetLocal: POST /api/v1/runs. Starts a pipeline file on this machine as a detached Python
// process (python/local_target) that reports by events and goes on when the server is gone. Says in
// the run itself when that process could not even begin. Lives on serve's loop; never waits for a
// process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "deliver/spawn.h"
#include "ports/http_handler.h"
#include "ports/log.h"

namespace telltale::deliver {

struct LaunchSpec {
  std::string pipeline_file;
  std::string working_directory;
  std::string pipeline;                           // which one of the file; empty: it has one
  std::map<std::string, std::string> parameters;  // as the runner's --param takes them
};

struct TargetLocalOptions {
  std::string python;       // interpreter with kfp
  std::string python_path;  // folder that holds local_target
  std::string data;         // below it: spool/, launches/
  std::string token;        // with which runs report; empty: none is needed
};

class TargetLocal final : public ports::HttpHandler {
 public:
  // How an earlier run was started; answered on serve's loop.
  using FindLaunch = std::function<void(const RunKey&, UniqueFunction<void(Result<LaunchSpec>)>)>;

  TargetLocal(ports::Runtime& loop, ports::Log& log, TargetLocalOptions options,
              FindLaunch find_launch);
  ~TargetLocal() override;

  // Where runs report to; before the first request.
  void set_url(std::string url) { url_ = std::move(url); }
  // Has a process of its own deliver what runs left that ended while no server was there. Once,
  // when requests are taken.
  void settle_earlier_runs();
  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  SpawnSpec python(std::vector<std::string> arguments) const;
  void launch(LaunchSpec spec, ports::Respond respond);
  // `ended` with the process's wait status.
  void await(int pid, UniqueFunction<void(int)> ended);
  void runner_ended(const RunKey& key, int status);
  void report_failure(const RunKey& key, const std::string& why, std::uint64_t version);
  void append(const RunKey& key, std::string event, UniqueFunction<void(Status)> done);

  ports::Runtime& loop_;
  ports::Log& log_;
  const TargetLocalOptions options_;
  FindLaunch find_launch_;
  std::string url_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace telltale::deliver
