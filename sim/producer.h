// Producer: one run's source, as the SDK is: counts its events, sends one batch at a time, and
// sends it again until it is acknowledged. Lives in a World.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ports/http_handler.h"
#include "ports/runtime.h"
#include "schema/event.pb.h"

namespace telltale::sim {

class Producer {
 public:
  // `numbered`: events carry epoch and sequence; without them nothing tells a repeat.
  Producer(ports::Runtime& runtime, int number, bool numbered);

  // Invents what happened next in its run.
  void invent();
  // The body of the batch that must be sent now; "" while one is on its way or nothing is new.
  std::string next_body();
  void answered(int status);
  // The answer will never come: the server died.
  void lost();

  const RunKey& run() const { return run_; }
  // Everything invented, in order: once settled, the run's truth.
  const std::vector<schema::Event>& events() const { return events_; }
  bool settled() const { return acknowledged_ == events_.size() && !in_flight_; }
  std::uint64_t retries() const { return retries_; }

 private:
  schema::Event& add();

  ports::Runtime& runtime_;
  const RunKey run_;
  const std::string epoch_;
  const bool numbered_;
  std::vector<schema::Event> events_;
  std::size_t acknowledged_ = 0;
  std::size_t sent_ = 0;
  bool in_flight_ = false;
  std::uint64_t retries_ = 0;
  std::uint64_t version_ = 0;
  std::int64_t step_ = 0;
  int tasks_ = 0;
  std::string log_;
};

}  // namespace telltale::sim
