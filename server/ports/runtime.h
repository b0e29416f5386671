// Runtime: one loop. Time, order, delay and chance enter a stage only through it, so the same code
// runs on AsioRuntime (a thread) and on SimRuntime (a virtual clock, one thread for all, a seed).
// post() is the one method that may be called from any thread; all else belongs to the loop.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/unique_function.h"

namespace telltale::ports {

using Task = UniqueFunction<void()>;
enum class TimerId : std::uint64_t {};

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual EpochUs now() const = 0;
  // Of a clock that nobody sets: for what is due some time from now. What its 0 is has no meaning.
  virtual std::int64_t steady_us() const = 0;
  // Runs `task` later on this loop, in the order of posting; never from inside post().
  virtual void post(Task task) = 0;
  // Runs `task` on this loop once `delay_us` have passed. cancel() of a timer that fired does
  // nothing.
  virtual TimerId post_after(std::int64_t delay_us, Task task) = 0;
  virtual void cancel(TimerId timer) = 0;
  virtual std::uint64_t random() = 0;
};

// The answer of an asynchronous call: it always arrives on the loop that asked.
template <typename T>
class Completion {
 public:
  Completion(Runtime& home, UniqueFunction<void(T)> done) : home_(&home), done_(std::move(done)) {}

  // Called once, from any thread.
  void operator()(T value) {
    home_->post(
        [done = std::move(done_), value = std::move(value)]() mutable { done(std::move(value)); });
  }

 private:
  Runtime* home_;
  UniqueFunction<void(T)> done_;
};

}  // namespace telltale::ports
