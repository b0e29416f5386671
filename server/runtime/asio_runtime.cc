#include "runtime/asio_runtime.h"

#include <fmt/format.h>
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>

namespace telltale::runtime {
namespace {

std::int64_t thread_time_us() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::int64_t{spent.tv_sec} * 1'000'000 + spent.tv_nsec / 1000;
}

}  // namespace

struct AsioRuntime::State {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work =
      boost::asio::make_work_guard(context);
  std::unordered_map<std::uint64_t, std::unique_ptr<boost::asio::steady_timer>> timers;
  std::uint64_t next_timer = 1;
  std::mt19937_64 random{std::random_device{}()};
  std::atomic<std::int64_t> longest_turn_us{0};
  std::thread thread;

  // Until it is stopped. That it waits for its next turn takes no processor time.
  void run() {
    std::int64_t before = thread_time_us();
    while (context.run_one() != 0) {
      const std::int64_t after = thread_time_us();
      if (after - before > longest_turn_us.load(std::memory_order_relaxed))
        longest_turn_us.store(after - before, std::memory_order_relaxed);
      before = after;
    }
  }
};

AsioRuntime::AsioRuntime(const char* name) : state_(std::make_unique<State>()) {
  // The first timer opens what all wait with; opened later, it could fail in the middle of work.
  const boost::asio::steady_timer first(state_->context);
  state_->thread = std::thread([this, name = std::string(name)] {
    pthread_setname_np(pthread_self(), name.c_str());
    state_->run();
  });
}

Result<std::unique_ptr<AsioRuntime>> AsioRuntime::open(const char* name) {
  try {
    return std::make_unique<AsioRuntime>(name);
  } catch (const std::runtime_error& error) {
    return Error{ErrorCode::unavailable,
                 fmt::format("The loop '{}' cannot be started: {}. More open files or threads have "
                             "to be allowed (ulimit -n, ulimit -u).",
                             name, error.what())};
  }
}

AsioRuntime::~AsioRuntime() { join(); }

void AsioRuntime::join() {
  if (!state_->thread.joinable()) return;
  // The stop is posted, so that it comes after what was posted before.
  boost::asio::post(state_->context, [this] { state_->context.stop(); });
  state_->thread.join();
}

EpochUs AsioRuntime::now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return EpochUs{std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

std::int64_t AsioRuntime::steady_us() const {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

void AsioRuntime::post(ports::Task task) {
  boost::asio::post(state_->context, [task = std::move(task)]() mutable { task(); });
}

ports::TimerId AsioRuntime::post_after(std::int64_t delay_us, ports::Task task) {
  const std::uint64_t id = state_->next_timer++;
  auto timer = std::make_unique<boost::asio::steady_timer>(state_->context,
                                                           std::chrono::microseconds(delay_us));
  timer->async_wait([this, id, task = std::move(task)](boost::system::error_code error) mutable {
    if (error || state_->timers.erase(id) == 0) return;
    task();
  });
  state_->timers.emplace(id, std::move(timer));
  return ports::TimerId{id};
}

void AsioRuntime::cancel(ports::TimerId timer) {
  state_->timers.erase(static_cast<std::uint64_t>(timer));
}

std::uint64_t AsioRuntime::random() { return state_->random(); }

std::int64_t AsioRuntime::longest_turn_us() const {
  return state_->longest_turn_us.load(std::memory_order_relaxed);
}

boost::asio::io_context& AsioRuntime::context() { return state_->context; }

}  // namespace telltale::runtime
