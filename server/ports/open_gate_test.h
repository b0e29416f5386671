// OpenGate: an EventGate for tests of those who use one: what it is given it appends.
#pragma once

#include <utility>

#include "ports/event_gate.h"

namespace telltale::ports {

class OpenGate final : public EventGate {
 public:
  OpenGate(Runtime& loop, Log& log) : loop_(loop), log_(log) {}

  void append(std::vector<Record> events, From, Completion<Result<GateAnswer>> done) override {
    auto appended = [this, done = std::move(done)](Result<Appended> result) mutable {
      if (result.ok()) {
        kept += result->places.size();
        done(GateAnswer{result->places.size(), {}});
      } else {
        done(result.error());
      }
    };
    log_.append(kEventsTopic, std::move(events),
                Completion<Result<Appended>>(loop_, std::move(appended)));
  }
  void append(const schema::Event&, Completion<Status> done) override { done(Done{}); }

  std::size_t kept = 0;  // events

 private:
  Runtime& loop_;
  Log& log_;
};

}  // namespace telltale::ports
