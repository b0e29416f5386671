// EventGate: check, serialize, size, budget, append; the only place that appends to telltale.events
// (tools/check_layers.py sees to it). Sizes are judged of what the log gets: a line of zeros grows
// to four times its length. Keeps each run to its budget of bytes a second, so that a flood of one
// run's output delays nobody else's states. Owned by `main`, lives on collect's loop.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/counters.h"
#include "collect/rejected_events.h"
#include "ports/event_gate.h"

namespace telltale::collect {

class EventGate final : public ports::EventGate {
 public:
  // All outlive this; `rejected` lives on `loop` too.
  EventGate(ports::Runtime& loop, ports::Log& log, Counters& counters, RejectedEvents& rejected)
      : loop_(loop), log_(log), counters_(counters), rejected_(rejected) {}
  ~EventGate() override { *alive_ = false; }

  // Nothing is taken for this reason, a sentence; empty: all is. On the loop.
  void shut(std::string why) { shut_ = std::move(why); }

  void append(std::vector<ports::Record> events, From from,
              ports::Completion<Result<ports::GateAnswer>> done) override;
  void append(const schema::Event& event, ports::Completion<Status> done) override;

 private:
  struct Passage;
  using PassagePtr = std::shared_ptr<Passage>;

  void append_own(ports::Record record, ports::Completion<Status> done);
  bool within_budget(const std::vector<ports::Record>& records);
  void refuse(Passage& passage, const ports::Record& record, std::size_t index, Error why);
  void go_on(const PassagePtr& passage);
  void appended(const PassagePtr& passage, std::size_t first, std::size_t last,
                const Result<ports::Appended>& result);

  ports::Runtime& loop_;
  ports::Log& log_;
  Counters& counters_;
  RejectedEvents& rejected_;
  std::string shut_;
  std::int64_t budget_second_ = 0;
  std::unordered_map<std::string, std::size_t> budget_used_;  // of this second, by run key
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace telltale::collect
