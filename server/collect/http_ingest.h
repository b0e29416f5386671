// HttpIngest: POST /api/v1/events and GET /api/v1/rejected. Called on serve's loop; parses on
// collect's loop, so that a large body never delays a page; answers once the log has the events on
// disk. Keeps each run to its budget of bytes a second, so that a flood of one run's output delays
// nobody else's states.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/counters.h"
#include "collect/rejected_events.h"
#include "ports/http_handler.h"
#include "ports/log.h"

namespace telltale::collect {

class HttpIngest final : public ports::HttpHandler {
 public:
  HttpIngest(ports::Runtime& serve_loop, ports::Runtime& collect_loop, ports::Log& log,
             Counters& counters, RejectedEvents& rejected);

  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  void take(ports::HttpRequest request, ports::Completion<ports::HttpResponse> done);
  void append(ParsedEvents parsed, ports::Completion<ports::HttpResponse> done);
  bool within_budget(const ParsedEvents& parsed);

  ports::Runtime& serve_loop_;
  ports::Runtime& collect_loop_;
  ports::Log& log_;
  Counters& counters_;
  // Below: collect's loop only.
  RejectedEvents& rejected_;
  std::int64_t budget_second_ = 0;
  std::unordered_map<std::string, std::size_t> budget_used_;  // of this second, by run key
};

}  // namespace telltale::collect
