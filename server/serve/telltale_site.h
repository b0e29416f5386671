// TelltaleSite: which path is answered by whom. The one place that knows all routes; owned by
// `main`, lives on serve's loop.
#pragma once

#include <string>

#include "serve/http_server.h"
#include "serve/rest_runs.h"

namespace telltale::serve {

class TelltaleSite final : public Site {
 public:
  struct Handlers {
    ports::HttpHandler& ingest;  // /api/v1/events, /api/v1/rejected
    ports::HttpHandler& launch;  // POST /api/v1/runs
  };

  TelltaleSite(ports::Runtime& loop, ports::Log& log, LiveViews& views, RunList& runs,
               Counters& counters, Handlers handlers);

  // Until then /readyz answers 503, and so does what needs the views.
  void set_ready() { ready_ = true; }

  void answer(ports::HttpRequest request, ports::Respond respond) override;
  std::unique_ptr<Session> open_websocket(const ports::HttpRequest& request,
                                          Transport& transport) override;
  std::unique_ptr<Session> open_event_stream(const ports::HttpRequest& request,
                                             Transport& transport) override;

 private:
  void answer_api(ports::HttpRequest request, ports::Respond respond);

  ports::Runtime& loop_;
  LiveViews& views_;
  RunList& runs_;
  Counters& counters_;
  Handlers handlers_;
  RestRuns rest_;
  bool ready_ = false;
};

}  // namespace telltale::serve
