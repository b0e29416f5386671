// Faults: what goes wrong at a faulty port, and how often. with_faults() is one call through one;
// it lives on the loop of `runtime` and holds nothing of the port, which may be gone before an
// answer.
#pragma once

#include <optional>
#include <utility>

#include "base/result.h"
#include "ports/runtime.h"

namespace telltale::ports {

struct Faults {
  int fail_percent = 0;           // answered `error`, and nothing was done
  int lose_answer_percent = 0;    // done, and answered `error` all the same
  int short_read_percent = 0;     // of a log: a read answers a few records, however many it could
  std::int64_t delay_us_max = 0;  // each answer is late by 0 to this: answers overtake each other
  Error error{ErrorCode::unavailable, "The machine that keeps this is out of reach."};
};

// False, without drawing a number, where the chance is none.
bool by_chance(Runtime& runtime, int percent);

// Calls `inner(Completion)`, or fails instead, and passes the answer on by the faults drawn now.
template <typename T, typename Inner>
void with_faults(const Faults& faults, Runtime& runtime, Completion<Result<T>> done, Inner inner) {
  const bool fail = by_chance(runtime, faults.fail_percent);
  const bool lose = !fail && by_chance(runtime, faults.lose_answer_percent);
  const std::int64_t delay_us =
      faults.delay_us_max <= 0
          ? 0
          : static_cast<std::int64_t>(runtime.random() %
                                      (static_cast<std::uint64_t>(faults.delay_us_max) + 1));
  Completion<Result<T>> faulty(runtime, [&runtime, lose, delay_us, error = faults.error,
                                         done = std::move(done)](Result<T> answer) mutable {
    if (lose && answer.ok()) answer = error;
    if (delay_us == 0) {
      done(std::move(answer));
      return;
    }
    runtime.post_after(delay_us, [done = std::move(done), answer = std::move(answer)]() mutable {
      done(std::move(answer));
    });
  });
  if (fail) {
    faulty(faults.error);
  } else {
    inner(std::move(faulty));
  }
}

}  // namespace telltale::ports
