#include "store/job_pool.h"

#include "base/check.h"

namespace telltale::store {

JobPool::JobPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

void JobPool::push(Job job) {
  std::lock_guard lock(mutex_);
  CHECK(!finishing_ || running_ > 0, "a job for threads that ended");
  jobs_.push_back(std::move(job));
  to_do_.notify_one();
}

void JobPool::finish() {
  {
    std::lock_guard lock(mutex_);
    finishing_ = true;
    to_do_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void JobPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    to_do_.wait(lock, [&] { return !jobs_.empty() || (finishing_ && running_ == 0); });
    if (jobs_.empty()) return;
    ++running_;
    {
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }
    lock.lock();
    --running_;
    if (finishing_ && running_ == 0) to_do_.notify_all();
  }
}

}  // namespace telltale::store
