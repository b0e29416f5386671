// JobStreams: the event streams of visualizations: what a GET of the same path would answer, now
// and whenever it has changed. Nothing is queued for a slow reader: what changed meanwhile is in
// its next event. Lives on serve's loop.
#pragma once

#include <memory>

#include "jobs/job_desk.h"
#include "ports/live_handler.h"

namespace telltale::jobs {

class JobStreams final : public ports::LiveHandler {
 public:
  JobStreams(ports::Runtime& loop, JobDesk& desk) : loop_(loop), desk_(desk) {}

  // Null where there is no such visualization.
  std::unique_ptr<ports::Session> open(const ports::HttpRequest& request,
                                       ports::Transport& transport) override;

 private:
  ports::Runtime& loop_;
  JobDesk& desk_;
};

}  // namespace telltale::jobs
