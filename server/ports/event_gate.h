// EventGate: the one way into telltale.events, for what comes from outside and for what this
// process says of a run itself. What can never be kept is refused with its reason and harms no
// neighbour; what cannot be kept now is an error, and trying again may succeed. Real
// implementation: collect/event_gate.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ports/log.h"

namespace telltale::schema {
class Event;
}

namespace telltale::ports {

// What became of a batch that was settled.
struct GateAnswer {
  struct Refusal {
    std::size_t index = 0;  // of the record
    Error why{ErrorCode::invalid_argument, {}};
  };
  std::size_t kept = 0;  // the log has them, on disk
  std::vector<Refusal> refused;
};

class EventGate {
 public:
  virtual ~EventGate() = default;

  // One sender's events as telltale.events has them, in order; they were checked. A source has a
  // pace of its own, a request's runs have a budget. On the gate's loop. too_many_requests,
  // storage_full, unavailable and the like: the same batch may be given again, and a beginning of
  // it may be there already.
  enum class From { request, source };
  virtual void append(std::vector<Record> events, From from,
                      Completion<Result<GateAnswer>> done) = 0;
  // An event of this process's own, which is checked here. Of any thread. An error of this event,
  // or of the log.
  virtual void append(const schema::Event& event, Completion<Status> done) = 0;
};

}  // namespace telltale::ports
