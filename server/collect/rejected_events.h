// RejectedEvents: what was refused at any of collect's doors: counted, and kept with its reason for
// GET /api/v1/rejected. Owned by `main`, lives on collect's loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/counters.h"
#include "base/ids.h"
#include "base/rejections.h"
#include "collect/event_parser.h"

namespace telltale::collect {

class RejectedEvents {
 public:
  explicit RejectedEvents(Counters& counters) : counters_(counters) {}

  // `where` it was found stands before the reason; empty for a request, whose sender is told.
  void note(const std::vector<Refused>& refused, EpochUs now, std::string_view where = {});
  // {"total":N,"rejections":[...]}, newest first.
  std::string json() const;

 private:
  Counters& counters_;
  Rejections kept_;
};

}  // namespace telltale::collect
