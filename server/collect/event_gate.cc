#include "collect/event_gate.h"

#include <fmt/format.h>

#include <utility>

#include "base/limits.h"
#include "collect/event_check.h"
#include "schema/event.pb.h"

namespace telltale::collect {
namespace {

// What the log refuses for good, however often it is asked.
bool is_for_good(const Error& error) {
  return error.code == ErrorCode::too_large || error.code == ErrorCode::invalid_argument;
}

std::size_t size_of(const ports::Record& record) { return record.key.size() + record.value.size(); }

Error too_large(std::size_t size) {
  return {ErrorCode::too_large,
          fmt::format("This event takes {} bytes in the log, more than {}. Send what it says in "
                      "several events.",
                      size, limits::kEventRecordBytes)};
}

}  // namespace

// A batch on its way. Where the log refuses one record for good it refuses the whole append, so
// that the rest is told apart by halves.
struct EventGate::Passage {
  std::vector<ports::Record> records;
  std::vector<std::size_t> places;                          // of these, in the batch
  std::vector<std::pair<std::size_t, std::size_t>> ranges;  // still to be appended, the last first
  ports::GateAnswer answer;
  ports::Completion<Result<ports::GateAnswer>> done;
};

void EventGate::append(std::vector<ports::Record> events, From from,
                       ports::Completion<Result<ports::GateAnswer>> done) {
  if (!shut_.empty()) {
    done(Error{ErrorCode::unavailable, shut_});
    return;
  }
  if (from == From::request && !within_budget(events)) {
    done(Error{ErrorCode::too_many_requests,
               fmt::format("This run sent more than {} bytes within a second. Send the batch again "
                           "in a second.",
                           limits::kRunBytesPerSecond)});
    return;
  }
  auto passage = std::make_shared<Passage>(Passage{{}, {}, {}, {}, std::move(done)});
  passage->records.reserve(events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (const std::size_t size = size_of(events[i]); size > limits::kEventRecordBytes) {
      refuse(*passage, events[i], i, too_large(size));
    } else {
      passage->records.push_back(std::move(events[i]));
      passage->places.push_back(i);
    }
  }
  if (!passage->records.empty()) passage->ranges.emplace_back(0, passage->records.size());
  go_on(passage);
}

void EventGate::refuse(Passage& passage, const ports::Record& record, std::size_t index,
                       Error why) {
  rejected_.note({{0, why.code, fmt::format("Run {}: {}", record.key, why.message), record.value}},
                 loop_.now());
  passage.answer.refused.push_back({index, std::move(why)});
}

void EventGate::go_on(const PassagePtr& passage) {
  if (passage->ranges.empty()) {
    counters_.add(Counter::events_accepted, passage->answer.kept);
    passage->done(std::move(passage->answer));
    return;
  }
  const auto [first, last] = passage->ranges.back();
  passage->ranges.pop_back();
  const auto begin = passage->records.begin();
  auto answered = [this, alive = alive_, passage, first = first,
                   last = last](const Result<ports::Appended>& result) {
    if (*alive) appended(passage, first, last, result);
  };
  // A copy: what the log refuses is needed once more.
  log_.append(
      ports::kEventsTopic,
      {begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last)},
      ports::Completion<Result<ports::Appended>>(loop_, std::move(answered)));
}

void EventGate::appended(const PassagePtr& passage, std::size_t first, std::size_t last,
                         const Result<ports::Appended>& result) {
  if (result.ok()) {
    passage->answer.kept += last - first;
  } else if (!is_for_good(result.error())) {
    const bool busy = result.error().code == ErrorCode::too_many_requests;
    if (!busy) counters_.add(Counter::log_append_failures);
    counters_.add(Counter::events_accepted, passage->answer.kept);
    passage->done(result.error());
    return;
  } else if (last - first == 1) {
    refuse(*passage, passage->records[first], passage->places[first], result.error());
  } else {
    const std::size_t middle = first + (last - first) / 2;
    passage->ranges.emplace_back(middle, last);
    passage->ranges.emplace_back(first, middle);
  }
  go_on(passage);
}

void EventGate::append(const schema::Event& event, ports::Completion<Status> done) {
  if (Status good = check_event(event); !good.ok()) {
    done(std::move(good));
    return;
  }
  ports::Record record{event.run_key(), event.SerializeAsString(), event.observed_at_us()};
  loop_.post([this, alive = alive_, record = std::move(record), done = std::move(done)]() mutable {
    if (*alive) append_own(std::move(record), std::move(done));
  });
}

// Whatever its run sent in this second: a flood is stopped by just that.
void EventGate::append_own(ports::Record record, ports::Completion<Status> done) {
  auto settled = [done = std::move(done)](Result<ports::GateAnswer> answer) mutable {
    if (!answer.ok()) {
      done(answer.error());
    } else {
      done(answer->refused.empty() ? Status(Done{}) : Status(answer->refused.front().why));
    }
  };
  append({std::move(record)}, From::source,
         ports::Completion<Result<ports::GateAnswer>>(loop_, std::move(settled)));
}

// A batch is taken whole or not at all; one that alone is larger than the budget still passes when
// nothing else was sent in its second, else it never could.
bool EventGate::within_budget(const std::vector<ports::Record>& records) {
  const std::int64_t second = loop_.steady_us() / 1'000'000;
  if (second != budget_second_) {
    budget_second_ = second;
    budget_used_.clear();
  }
  std::unordered_map<std::string, std::size_t> wanted;
  for (const ports::Record& record : records) wanted[record.key] += record.value.size();
  for (const auto& [run, bytes] : wanted) {
    const auto used = budget_used_.find(run);
    if (used != budget_used_.end() && used->second + bytes > limits::kRunBytesPerSecond)
      return false;
  }
  for (const auto& [run, bytes] : wanted) budget_used_[run] += bytes;
  return true;
}

}  // namespace telltale::collect
