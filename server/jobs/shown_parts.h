// ShownParts: the HTTP of steps that show something while they run, without a worker: each body
// becomes a part of the task's own visualization, in the place of what had the same name. Who may
// send events may send these. Owned by `main`, lives on serve's loop; never looks into a body.
#pragma once

#include <string>

#include "jobs/job_desk.h"
#include "ports/http_handler.h"

namespace telltale::jobs {

class ShownParts final : public ports::HttpHandler {
 public:
  ShownParts(ports::Runtime& loop, ports::Store& store, JobDesk& desk)
      : loop_(loop), store_(store), desk_(desk) {}

  // PUT /api/v1/runs/{key}/shown/{id}?task=PATH&name=NAME. The id is the sender's: sent again, it
  // is there once.
  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  void take(schema::JobEvent event, std::unique_ptr<ports::Body> body, ports::Respond respond);
  void keep(schema::JobEvent event, ports::Respond respond);

  ports::Runtime& loop_;
  ports::Store& store_;
  JobDesk& desk_;
};

}  // namespace telltale::jobs
