// RenderJobs: the HTTP of workers that draw: they tell what they can, wait for leases, say that
// they live, send what they drew as it comes, and how it ended. A lease's number is what a worker
// shows: whoever does not have it changes nothing. Owned by `main`, lives on serve's loop.
#pragma once

#include <string>

#include "jobs/job_desk.h"
#include "jobs/job_source.h"
#include "jobs/job_types.h"
#include "ports/http_handler.h"

namespace telltale::jobs {

class RenderJobs final : public ports::WholeBodyHandler, public ports::HttpHandler {
 public:
  RenderJobs(ports::Runtime& loop, ports::Store& store, JobDesk& desk, JobTypes& types,
             const JobSources& sources)
      : loop_(loop), store_(store), desk_(desk), types_(types), sources_(sources) {}

  // PUT of types; POST for leases, of a beat, of the end.
  void handle(ports::HttpRequest request, std::string body, ports::Respond respond) override;
  // PUT of a part.
  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  void lease(const std::string& body, ports::Respond respond);
  void beat(const Job& job, const std::string& body, ports::Respond respond);
  void done(const Job& job, const std::string& body, ports::Respond respond);
  void append(schema::JobEvent event, ports::Respond respond, ports::HttpResponse answer);
  std::string lease_json(const std::string& lease) const;

  ports::Runtime& loop_;
  ports::Store& store_;
  JobDesk& desk_;
  JobTypes& types_;
  const JobSources& sources_;
};

}  // namespace telltale::jobs
