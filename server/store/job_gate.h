// JobGate: where a store's calls enter: hands them to a thread with their completion, or answers at
// once that the key is none or the store is closed. Owned by the store; any thread may call.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "ports/store.h"
#include "store/job_pool.h"

namespace telltale::store {

class JobGate {
 public:
  // `job` takes the completion.
  template <typename T, typename Job>
  void hand(JobPool& threads, const std::string& key, ports::Completion<T> done, Job job) {
    const Status good = ports::check_store_key(key);
    const std::lock_guard lock(mutex_);
    if (closed_) {
      done(Error{ErrorCode::closed, "The store is closed."});
    } else if (!good.ok()) {
      done(good.error());
    } else {
      threads.push(
          [done = std::move(done), job = std::move(job)]() mutable { job(std::move(done)); });
    }
  }
  // `job` answers it.
  template <typename T, typename Job>
  void run(JobPool& threads, const std::string& key, ports::Completion<T> done, Job job) {
    hand(threads, key, std::move(done),
         [job = std::move(job)](ports::Completion<T> answer) mutable { answer(job()); });
  }
  // Calls `use` unless closed, and not while it is being closed.
  template <typename Use>
  void unless_closed(Use use) {
    const std::lock_guard lock(mutex_);
    if (!closed_) use();
  }
  // False where it was closed before.
  bool close() {
    const std::lock_guard lock(mutex_);
    return !std::exchange(closed_, true);
  }

 private:
  std::mutex mutex_;
  bool closed_ = false;
};

}  // namespace telltale::store
