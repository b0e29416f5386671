// LiveHandler: opens a LiveSession for each WebSocket at /api/v1/live, or for each event stream at
// the path of a resource. Owned by `main`, lives on serve's loop.
#pragma once

#include <memory>

#include "base/counters.h"
#include "ports/live_handler.h"
#include "serve/live_views.h"
#include "serve/run_list.h"

namespace telltale::serve {

class LiveHandler final : public ports::LiveHandler {
 public:
  enum class Kind { socket, stream };

  LiveHandler(Kind kind, ports::Runtime& loop, LiveViews& views, RunList& runs, Counters& counters)
      : kind_(kind), loop_(loop), views_(views), runs_(runs), counters_(counters) {}

  // Null where a stream's path names nothing: a plain answer says what is wrong with it.
  std::unique_ptr<ports::Session> open(const ports::HttpRequest& request,
                                       ports::Transport& transport) override;

 private:
  const Kind kind_;
  ports::Runtime& loop_;
  LiveViews& views_;
  RunList& runs_;
  Counters& counters_;
};

}  // namespace telltale::serve
