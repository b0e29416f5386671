// JobPool: a few threads that start jobs in the order they came; one thread does them one after the
// other. Owned by an adapter, whose callers bound its queue: each waits for an answer. Any thread
// may push.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/unique_function.h"

namespace telltale::store {

class JobPool {
 public:
  using Job = UniqueFunction<void()>;

  explicit JobPool(int threads = 1);
  ~JobPool() { finish(); }
  JobPool(const JobPool&) = delete;
  JobPool& operator=(const JobPool&) = delete;

  void push(Job job);
  // Returns when all that was pushed is done, also what jobs pushed meanwhile; nothing else may be
  // pushed any more.
  void finish();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable to_do_;
  std::deque<Job> jobs_;
  int running_ = 0;
  bool finishing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace telltale::store
