// HttpSources: GET /api/v1/sources, as it is now and as a stream that tells it again whenever it
// has changed. Nothing is queued for a slow reader. Owned by `main`, lives on serve's loop, as the
// SourceHealth does that it shows.
#pragma once

#include <memory>

#include "collect/source_health.h"
#include "ports/live_handler.h"

namespace telltale::collect {

class HttpSources final : public ports::HttpHandler, public ports::LiveHandler {
 public:
  explicit HttpSources(SourceHealth& health) : health_(health) {}

  void handle(ports::HttpRequest request, ports::Respond respond) override;
  std::unique_ptr<ports::Session> open(const ports::HttpRequest& request,
                                       ports::Transport& transport) override;

 private:
  SourceHealth& health_;
};

}  // namespace telltale::collect
