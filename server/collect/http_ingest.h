// HttpIngest: POST /api/v1/events. Called on serve's loop; parses on
// collect's loop, so that a large body never delays a page; answers once the log has the events on
// disk. What is taken is the event gate's to say.
#pragma once

#include "base/counters.h"
#include "collect/rejected_events.h"
#include "ports/event_gate.h"
#include "ports/http_handler.h"

namespace telltale::collect {

class HttpIngest final : public ports::WholeBodyHandler {
 public:
  HttpIngest(ports::Runtime& serve_loop, ports::Runtime& collect_loop, ports::EventGate& gate,
             Counters& counters, RejectedEvents& rejected);

  void handle(ports::HttpRequest request, std::string body, ports::Respond respond) override;

 private:
  void take(const ports::HttpRequest& request, const std::string& body,
            ports::Completion<ports::HttpResponse> done);
  void append(ParsedEvents parsed, ports::Completion<ports::HttpResponse> done);

  ports::Runtime& serve_loop_;
  ports::Runtime& collect_loop_;
  ports::EventGate& gate_;
  Counters& counters_;
  // Below: collect's loop only.
  RejectedEvents& rejected_;
};

}  // namespace telltale::collect
