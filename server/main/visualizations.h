// Visualizations: the parts of the role serve that make jobs of what people want to see drawn, and
// give them to workers. Owned by the wiring, lives on serve's loop.
#pragma once

#include <memory>

#include "jobs/job_desk.h"
#include "jobs/job_stream.h"
#include "jobs/job_types.h"
#include "jobs/render_jobs.h"
#include "jobs/shown_parts.h"
#include "jobs/user_jobs.h"
#include "ports/alive.h"
#include "serve/tail.h"

namespace telltale::main {

class Visualizations {
 public:
  // All outlive this.
  Visualizations(ports::Runtime& loop, ports::Log& log, ports::Store& store,
                 jobs::JobSources sources);

  // On the loop: folds what the log has; until then ready() is false.
  void start();
  const bool& ready() const { return ready_; }

  jobs::UserJobs& user_jobs() { return user_jobs_; }
  jobs::RenderJobs& render_jobs() { return render_jobs_; }
  jobs::ShownParts& shown_parts() { return shown_parts_; }
  ports::LiveHandler& streams() { return streams_; }

 private:
  void find_end();

  ports::Runtime& loop_;
  ports::Log& log_;
  jobs::JobDesk desk_;
  jobs::JobTypes types_;
  const jobs::JobSources sources_;
  jobs::UserJobs user_jobs_;
  jobs::RenderJobs render_jobs_;
  jobs::ShownParts shown_parts_;
  jobs::JobStreams streams_;
  std::unique_ptr<serve::Tail> tail_;
  bool ready_ = false;
  ports::Alive alive_;
};

}  // namespace telltale::main
