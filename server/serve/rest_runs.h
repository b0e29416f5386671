// RestRuns: GET of every resource below /api/v1/runs as JSON, and of a task's log as bytes; and the
// request to cancel a run. Lives on serve's loop.
#pragma once

#include "ports/http_handler.h"
#include "serve/live_views.h"
#include "serve/resource.h"
#include "serve/run_list.h"

namespace telltale::serve {

class RestRuns {
 public:
  RestRuns(ports::Runtime& loop, ports::Log& log, LiveViews& views, RunList& runs);

  void get(const ports::HttpRequest& request, ports::Respond respond);
  // Appends a CancelRequest; the run's source carries it out.
  void cancel(const RunKey& key, ports::Respond respond);

 private:
  ports::HttpResponse answer(const Resource& resource, const WatchedRun& run,
                             const ports::HttpRequest& request);

  ports::Runtime& loop_;
  ports::Log& log_;
  LiveViews& views_;
  RunList& runs_;
};

// Bytes of a task's log: Range header, or offset=, or tail=, or the first kLogRangeBytes.
ports::HttpResponse log_answer(const Resource& resource, const fold::RunView& view,
                               const ports::HttpRequest& request);

}  // namespace telltale::serve
