#include "collect/file_source.h"

#include <algorithm>
#include <chrono>

namespace telltale::collect {
namespace {

using Clock = std::chrono::steady_clock;
// A longer wait is answered with nothing after this; a deadline always fits its clock.
constexpr std::int64_t kWaitUsMax = 86'400'000'000;

}  // namespace

FileSource::FileSource(std::string name, std::string path)
    : tail_(std::move(name), std::move(path)), thread_([this] { work(); }) {}

FileSource::~FileSource() { close(); }

void FileSource::read(std::string from, ports::SourceLimits limits,
                      ports::Completion<Result<ports::SourceBatch>> done) {
  std::lock_guard lock(mutex_);
  if (closed_) {
    done(ports::source_closed());
    return;
  }
  CHECK(!asked_, "a second read of a source");
  asked_.emplace(Read{std::move(from), limits, std::move(done)});
  changed_.notify_one();
}

void FileSource::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return closed_ || asked_; });
    if (!asked_) return;
    Read read = std::move(*asked_);
    asked_.reset();
    lock.unlock();
    read.done(follow(read));
    lock.lock();
  }
}

Result<ports::SourceBatch> FileSource::follow(const Read& read) {
  const auto deadline =
      Clock::now() + std::chrono::microseconds(std::min(read.limits.wait_us, kWaitUsMax));
  while (true) {
    Result<ports::SourceBatch> batch = tail_.read(read.from, read.limits);
    if (!batch.ok() || !batch->items.empty() || batch->position != read.from) return batch;
    const auto left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) return batch;
    std::unique_lock lock(mutex_);
    const Clock::duration nap =
        std::min<Clock::duration>(left, std::chrono::microseconds(limits::kSourcePollUs));
    if (changed_.wait_for(lock, nap, [&] { return closed_; })) return ports::source_closed();
  }
}

void FileSource::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace telltale::collect
