// TelltaleSite: the page, and everything that is read from views: which path below /api/v1 is
// answered by whom. Owned by `main`, lives on serve's loop.
#pragma once

#include <string>

#include "serve/http_server.h"
#include "serve/rest_runs.h"

namespace telltale::serve {

class TelltaleSite final : public Site {
 public:
  // `launch` answers POST /api/v1/runs; null: this server starts none.
  TelltaleSite(ports::Runtime& loop, ports::Log& log, LiveViews& views, RunList& runs,
               Counters& counters, ports::HttpHandler* launch);

  // Until then what needs the views answers 503.
  void set_ready() { ready_ = true; }

  void answer(ports::HttpRequest request, ports::Respond respond) override;
  std::unique_ptr<Session> open_websocket(const ports::HttpRequest& request,
                                          Transport& transport) override;
  std::unique_ptr<Session> open_event_stream(const ports::HttpRequest& request,
                                             Transport& transport) override;

 private:
  void answer_api(ports::HttpRequest request, ports::Respond respond);
  void launch(ports::HttpRequest request, ports::Respond respond);

  ports::Runtime& loop_;
  LiveViews& views_;
  RunList& runs_;
  Counters& counters_;
  ports::HttpHandler* launch_;
  RestRuns rest_;
  bool ready_ = false;
};

}  // namespace telltale::serve
