// ProcessSite: what every process answers whatever its roles, /healthz, /readyz and /metrics; what
// it collects, where it does; and the rest by the pages, where it serves them. Owned by `main`,
// lives on the loop of the sockets.
#pragma once

#include <functional>
#include <string>

#include "base/counters.h"
#include "ports/http_handler.h"
#include "serve/http_server.h"

namespace telltale::serve {

class ProcessSite final : public Site {
 public:
  // Why the process cannot do its work, a line each; empty when it is ready.
  using Troubles = std::function<std::string()>;

  // Null: this process does not have the role.
  ProcessSite(Counters& counters, Troubles troubles, ports::HttpHandler* ingest, Site* pages)
      : counters_(counters), troubles_(std::move(troubles)), ingest_(ingest), pages_(pages) {}

  void answer(ports::HttpRequest request, ports::Respond respond) override;
  std::unique_ptr<Session> open_websocket(const ports::HttpRequest& request,
                                          Transport& transport) override;
  std::unique_ptr<Session> open_event_stream(const ports::HttpRequest& request,
                                             Transport& transport) override;

 private:
  void ingest(ports::HttpRequest request, bool allowed, const char* methods,
              ports::Respond respond);

  Counters& counters_;
  Troubles troubles_;
  ports::HttpHandler* ingest_;
  Site* pages_;
};

}  // namespace telltale::serve
