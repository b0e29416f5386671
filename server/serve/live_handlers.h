// LiveSockets and LiveStreams: what is open as a WebSocket at /api/v1/live, and what as an event
// stream at the path of a resource: each opens a LiveSession. Owned by `main`, live on serve's
// loop.
#pragma once

#include <memory>

#include "base/counters.h"
#include "ports/live_handler.h"
#include "serve/live_views.h"
#include "serve/run_list.h"

namespace telltale::serve {

class LiveSockets final : public ports::LiveHandler {
 public:
  LiveSockets(ports::Runtime& loop, LiveViews& views, RunList& runs, Counters& counters)
      : loop_(loop), views_(views), runs_(runs), counters_(counters) {}

  std::unique_ptr<ports::Session> open(const ports::HttpRequest& request,
                                       ports::Transport& transport) override;

 private:
  ports::Runtime& loop_;
  LiveViews& views_;
  RunList& runs_;
  Counters& counters_;
};

class LiveStreams final : public ports::LiveHandler {
 public:
  LiveStreams(ports::Runtime& loop, LiveViews& views, RunList& runs, Counters& counters)
      : loop_(loop), views_(views), runs_(runs), counters_(counters) {}

  // Null where the path names nothing: a plain answer says what is wrong with it.
  std::unique_ptr<ports::Session> open(const ports::HttpRequest& request,
                                       ports::Transport& transport) override;

 private:
  ports::Runtime& loop_;
  LiveViews& views_;
  RunList& runs_;
  Counters& counters_;
};

}  // namespace telltale::serve
