#include "store/waiting_fetch.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <optional>

#include "base/check.h"

namespace telltale::store {
namespace {

// What is asked for at once; less comes where less has arrived.
constexpr std::size_t kPieceBytes = 1U << 20;

using Clock = std::chrono::steady_clock;

std::int64_t steady_us_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
      .count();
}

}  // namespace

// One request and the thread that waits for it, which is the loop that its answers arrive on.
class WaitingFetch::Call final : public ports::Runtime {
 public:
  void post(ports::Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    news_.notify_one();
  }
  std::int64_t steady_us() const override { return steady_us_now(); }
  // Completions post, and ask for nothing else.
  EpochUs now() const override { CHECK(false, "a call has no wall clock"); }
  ports::TimerId post_after(std::int64_t, ports::Task) override { CHECK(false, "nor timers"); }
  void cancel(ports::TimerId) override { CHECK(false, "nor timers"); }
  std::uint64_t random() override { CHECK(false, "nor chance"); }

  void stop_at(std::int64_t at_us) {
    const std::lock_guard lock(mutex_);
    stop_at_us_ = at_us;
    news_.notify_one();
  }

  // What `ask(Completion<Result<T>>)` is answered.
  template <typename T, typename Ask>
  Result<T> wait_for(Ask ask) {
    std::optional<Result<T>> answer;
    ask(ports::Completion<Result<T>>(*this, [&](Result<T> value) { answer = std::move(value); }));
    std::unique_lock lock(mutex_);
    while (!answer) {
      if (!tasks_.empty()) {
        ports::Task task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        lock.lock();
      } else if (stop_at_us_ == 0) {
        news_.wait(lock);
      } else if (steady_us_now() >= stop_at_us_) {
        return Error{ErrorCode::unavailable, "The store is being closed"};
      } else {
        news_.wait_until(lock, Clock::time_point(std::chrono::microseconds(stop_at_us_)));
      }
    }
    return std::move(*answer);
  }

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<ports::Task> tasks_;
  std::int64_t stop_at_us_ = 0;
};

Result<HttpAnswer> WaitingFetch::send(ports::FetchRequest request, std::size_t bytes_max) {
  Call call;
  {
    const std::lock_guard lock(mutex_);
    if (stop_at_us_ != 0) call.stop_at(stop_at_us_);
    calls_.insert(&call);
  }
  const auto whole = [&]() -> Result<HttpAnswer> {
    // Gone before `call` is: from then on nothing is posted to it.
    const std::unique_ptr<ports::Fetch> fetch = fetch_.start(std::move(request));
    auto head = call.wait_for<ports::FetchHead>([&](auto done) { fetch->head(std::move(done)); });
    if (!head.ok()) return head.error();
    HttpAnswer answer{head->status, head.take(), {}};
    while (true) {
      const auto piece =
          call.wait_for<std::string>([&](auto done) { fetch->read(kPieceBytes, std::move(done)); });
      if (!piece.ok()) return piece.error();
      if (piece->empty()) return answer;
      if (piece->size() > bytes_max - answer.body.size()) {
        return Error{ErrorCode::internal,
                     fmt::format("The answer is longer than {} bytes", bytes_max)};
      }
      answer.body += *piece;
    }
  };
  Result<HttpAnswer> answer = whole();
  const std::lock_guard lock(mutex_);
  calls_.erase(&call);
  return answer;
}

void WaitingFetch::stop(std::int64_t grace_us) {
  const std::lock_guard lock(mutex_);
  stop_at_us_ = steady_us_now() + grace_us;
  for (Call* call : calls_) call->stop_at(stop_at_us_);
}

}  // namespace telltale::store
