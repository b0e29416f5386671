// JobThread: one thread that does jobs in the order they came. Owned by an adapter, whose callers
// bound its queue: each waits for an answer. Any thread may push.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/unique_function.h"

namespace telltale::store {

class JobThread {
 public:
  using Job = UniqueFunction<void()>;

  JobThread() : thread_([this] { work(); }) {}
  ~JobThread() { finish(); }
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  void push(Job job);
  // Returns when all that was pushed is done; nothing may be pushed after it.
  void finish();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable to_do_;
  std::deque<Job> jobs_;
  bool finishing_ = false;
  std::thread thread_;
};

}  // namespace telltale::store
