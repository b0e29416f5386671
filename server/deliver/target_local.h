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

#include "ports/event_gate.h"
#include "ports/http_handler.h"
#include "ports/process.h"

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
  // What stands before a command of Python so that it runs within limits; empty: nothing.
  std::vector<std::string> confined;
  // With which runs report, and may do nothing else: with none of their own they would find the
  // owner's.
  std::string token;
};

// What a Python process of ours needs to report to the server at that address.
std::vector<std::pair<std::string, std::string>> reporting_to(const TargetLocalOptions& options,
                                                              const std::string& url);

class TargetLocal final : public ports::WholeBodyHandler {
 public:
  // How an earlier run was started; answered on serve's loop.
  using FindLaunch = std::function<void(const RunKey&, UniqueFunction<void(Result<LaunchSpec>)>)>;

  // All outlive this.
  TargetLocal(ports::Runtime& loop, ports::EventGate& gate, ports::Processes& processes,
              TargetLocalOptions options, FindLaunch find_launch);
  ~TargetLocal() override;

  // Where runs report to; before the first request.
  void set_url(std::string url) { url_ = std::move(url); }
  // Has a process of its own deliver what runs left that ended while no server was there. Once,
  // when requests are taken.
  void settle_earlier_runs();
  void handle(ports::HttpRequest request, std::string body, ports::Respond respond) override;

 private:
  ports::ProcessSpec python(std::vector<std::string> arguments) const;
  void launch(LaunchSpec wish, ports::Respond respond);
  // Keeps the process until its end.
  void await(std::unique_ptr<ports::Process> process,
             UniqueFunction<void(const ports::ProcessEnd&)> ended);
  void runner_ended(const RunKey& key, const ports::ProcessEnd& end);
  void report_failure(const RunKey& key, const std::string& why, std::uint64_t version);
  void append(const schema::Event& event, UniqueFunction<void(Status)> done);

  ports::Runtime& loop_;
  ports::EventGate& gate_;
  ports::Processes& processes_;
  const TargetLocalOptions options_;
  FindLaunch find_launch_;
  std::string url_;
  std::map<std::uint64_t, std::unique_ptr<ports::Process>> running_;  // they outlive this
  std::uint64_t next_number_ = 1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace telltale::deliver
