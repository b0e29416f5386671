// HttpIngest: POST /api/v1/events and GET /api/v1/rejected. Called on serve's loop; parses on
// collect's loop, so that a large body never delays a page; answers once the log has the events on
// disk. Keeps each run to its budget of bytes a second, so that a flood of one run's output delays
// nobody else's states.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/counters.h"
#include "base/rejections.h"
#include "ports/http_handler.h"
#include "ports/log.h"

namespace telltale::collect {

struct ParsedEvents;

class HttpIngest final : public ports::HttpHandler {
 public:
  HttpIngest(ports::Runtime& serve_loop, ports::Runtime& collect_loop, ports::Log& log,
             Counters& counters);

  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  void take(ports::HttpRequest request, ports::Completion<ports::HttpResponse> done);
  void append(ParsedEvents parsed, ports::Completion<ports::HttpResponse> done);
  ports::HttpResponse rejected_answer() const;
  bool within_budget(const ParsedEvents& parsed);
  void note_refused(const ParsedEvents& parsed);

  ports::Runtime& serve_loop_;
  ports::Runtime& collect_loop_;
  ports::Log& log_;
  Counters& counters_;
  // Below: collect's loop only.
  Rejections rejections_;
  std::int64_t budget_second_ = 0;
  std::unordered_map<std::string, std::size_t> budget_used_;  // of this second, by run key
};

}  // namespace telltale::collect
