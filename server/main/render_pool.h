// RenderPool: the worker that draws visualizations on this machine (python -m render.worker), as a
// process beside this one: started again, after growing pauses, when it ends. It has a token of its
// own that is good for jobs alone. Owned by the wiring, lives on serve's loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ports/alive.h"
#include "ports/process.h"

namespace telltale::main {

struct RenderPoolOptions {
  std::string python;
  std::string python_path;  // folder that holds render
  std::string data;         // below it: visualizations/, types of one's own; render.log
  std::string token;
  int jobs = 0;  // at a time
};

class RenderPool {
 public:
  // All outlive it.
  RenderPool(ports::Runtime& loop, ports::Processes& processes, RenderPoolOptions options)
      : loop_(loop), processes_(processes), options_(std::move(options)) {}

  // Once the server listens there.
  void start(const std::string& url);

 private:
  void run();
  void again(const std::string& why);

  ports::Runtime& loop_;
  ports::Processes& processes_;
  const RenderPoolOptions options_;
  std::string url_;
  std::unique_ptr<ports::Process> process_;  // ends with this
  std::int64_t began_us_ = 0;
  std::int64_t pause_us_ = 0;
  ports::Alive alive_;
};

}  // namespace telltale::main
