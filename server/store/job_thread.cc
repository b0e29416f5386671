#include "store/job_thread.h"

#include "base/check.h"

namespace telltale::store {

void JobThread::push(Job job) {
  std::lock_guard lock(mutex_);
  CHECK(!finishing_, "a job for a thread that ends");
  jobs_.push_back(std::move(job));
  to_do_.notify_one();
}

void JobThread::finish() {
  {
    std::lock_guard lock(mutex_);
    finishing_ = true;
    to_do_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void JobThread::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    to_do_.wait(lock, [&] { return finishing_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace telltale::store
