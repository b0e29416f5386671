// TestMember: a member of a consumer group, for contract tests. It keeps what it was told, releases
// what it is asked for at once or when told to, and can be waited for. Asked on the test's thread;
// its callbacks and its end are on the loop.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "ports/await_test.h"
#include "ports/log.h"

namespace telltale::ports {

class TestMember {
 public:
  enum class Releases { at_once, when_told };

  TestMember(Runtime& loop, Log& log, std::string group, std::string topic,
             Releases releases = Releases::at_once)
      : loop_(loop), releases_(releases) {
    ask<bool>(loop_, [&](auto done) {
      membership_ = log.join(group, topic, loop_, callbacks());
      done(true);
    }).get();
  }
  ~TestMember() { leave(); }
  TestMember(const TestMember&) = delete;
  TestMember& operator=(const TestMember&) = delete;

  // Blocks until `as_wished(held)`.
  template <typename Wish>
  std::set<int> wait_until(Wish as_wished) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return as_wished(held_); });
    return held_;
  }
  std::set<int> wait_for_count(std::size_t count) {
    return wait_until([count](const std::set<int>& held) { return held.size() == count; });
  }
  std::set<int> held() {
    std::lock_guard lock(mutex_);
    return held_;
  }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !asked_.empty(); });
  }
  // Releases what it was asked for since. Each is no longer held before it is released.
  void release() {
    ask<bool>(loop_, [this](auto done) {
      for (auto& [number, released] : take_asked()) give_back(number, released);
      done(true);
    }).get();
  }
  // Stops holding, then leaves; idempotent.
  void leave() {
    ask<bool>(loop_, [this](auto done) {
      forget_all();
      membership_.reset();
      done(true);
    }).get();
  }

 private:
  using Asked = std::map<int, UniqueFunction<void()>>;

  MemberCallbacks callbacks() {
    return {.assigned =
                [this](Partition partition) {
                  std::lock_guard lock(mutex_);
                  held_.insert(partition.number);
                  changed_.notify_all();
                },
            .revoked =
                [this](Partition partition, UniqueFunction<void()> released) {
                  if (releases_ == Releases::at_once) {
                    give_back(partition.number, released);
                    return;
                  }
                  std::lock_guard lock(mutex_);
                  asked_.emplace(partition.number, std::move(released));
                  changed_.notify_all();
                },
            .lost = [this](Partition partition) { forget(partition.number); },
            .failed = [this](const Error&) { forget_all(); }};
  }
  void give_back(int number, UniqueFunction<void()>& released) {
    forget(number);
    released();
  }
  Asked take_asked() {
    std::lock_guard lock(mutex_);
    return std::exchange(asked_, {});
  }
  void forget(int number) {
    std::lock_guard lock(mutex_);
    held_.erase(number);
    changed_.notify_all();
  }
  void forget_all() {
    std::lock_guard lock(mutex_);
    held_.clear();
    asked_.clear();
    changed_.notify_all();
  }

  Runtime& loop_;
  const Releases releases_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> held_;
  Asked asked_;
  std::unique_ptr<Membership> membership_;
};

}  // namespace telltale::ports
