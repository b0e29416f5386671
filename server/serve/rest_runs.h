// RestRuns: GET of every resource below /api/v1/runs as JSON, and of a task's log as bytes.
// CancelRuns: the request to cancel a run. Live on serve's loop.
#pragma once

#include "ports/event_gate.h"
#include "ports/http_handler.h"
#include "serve/live_views.h"
#include "serve/resource.h"
#include "serve/run_list.h"

namespace telltale::serve {

class RestRuns final : public ports::HttpHandler {
 public:
  RestRuns(ports::Runtime& loop, ports::Log& log, LiveViews& views, RunList& runs)
      : loop_(loop), log_(log), views_(views), runs_(runs) {}

  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  void get_events(const Resource& resource, ports::Respond respond);

  ports::Runtime& loop_;
  ports::Log& log_;
  LiveViews& views_;
  RunList& runs_;
};

class CancelRuns final : public ports::HttpHandler {
 public:
  CancelRuns(ports::Runtime& loop, ports::EventGate& gate, RunList& runs)
      : loop_(loop), gate_(gate), runs_(runs) {}

  // Appends a CancelRequest; the run's source carries it out.
  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  void cancel(const RunKey& key, ports::Respond respond);

  ports::Runtime& loop_;
  ports::EventGate& gate_;
  RunList& runs_;
};

}  // namespace telltale::serve
