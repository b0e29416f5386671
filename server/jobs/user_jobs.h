// UserJobs: the HTTP of who wants visualizations: asks for one, sees them, cancels one, and gets
// what was drawn. What a worker sent is answered so that it can do nothing but show itself,
// wherever its address is opened. Owned by `main`, lives on serve's loop.
#pragma once

#include <string>

#include "jobs/job_desk.h"
#include "jobs/job_request.h"
#include "jobs/job_source.h"
#include "jobs/job_types.h"
#include "ports/http_handler.h"

namespace telltale::jobs {

class UserJobs final : public ports::WholeBodyHandler, public ports::HttpHandler {
 public:
  UserJobs(ports::Runtime& loop, ports::Store& store, JobDesk& desk, JobTypes& types,
           const JobSources& sources)
      : loop_(loop), store_(store), desk_(desk), types_(types), sources_(sources) {}

  // POST of one.
  void handle(ports::HttpRequest request, std::string body, ports::Respond respond) override;
  // GET and DELETE.
  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  ports::HttpResponse get(const ports::HttpRequest& request);
  ports::HttpResponse get_part(const ports::HttpRequest& request, const Job& job,
                               std::string_view index);
  void cancel(const std::string& id, ports::Respond respond);
  Status check(const JobRequest& request, const JobType& type) const;

  ports::Runtime& loop_;
  ports::Store& store_;
  JobDesk& desk_;
  JobTypes& types_;
  const JobSources& sources_;
};

}  // namespace telltale::jobs
