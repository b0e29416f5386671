#include "store/directory_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "store/file_io.h"

namespace telltale::store {
namespace {

namespace fs = std::filesystem;

const Error kClosed{ErrorCode::closed, "The store is closed."};

Status check_condition(const std::string& path, const ports::Condition& condition) {
  using Kind = ports::Condition::Kind;
  if (condition.kind == Kind::none) return Done{};
  const Result<std::string> old = read_etag(path);
  if (!old.ok() && old.error().code != ErrorCode::not_found) return old.error();
  const bool holds =
      condition.kind == Kind::absent ? !old.ok() : old.ok() && *old == condition.etag;
  if (holds) return Done{};
  return Error{ErrorCode::precondition_failed, "The object is not what the writer took it for."};
}

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

struct DirectoryStore::State {
  using Job = UniqueFunction<void()>;

  struct Worker {
    std::deque<Job> jobs;  // callers bound themselves: each waits for its answer
    std::condition_variable to_do;
    std::thread thread;
  };

  std::string directory;
  std::mutex mutex;
  bool closed = false;
  Worker
      writer;  // puts and removes: one after the other, so a condition holds until its put is done
  Worker reader;
  std::int64_t changed_us = 0;  // the last object's time; the writer's

  std::string path_of(const std::string& key) const { return directory + "/" + key; }

  void work(Worker& worker) {
    std::unique_lock lock(mutex);
    while (true) {
      worker.to_do.wait(lock, [&] { return closed || !worker.jobs.empty(); });
      if (worker.jobs.empty()) return;
      Job job = std::move(worker.jobs.front());
      worker.jobs.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }

  // Runs `job` on the worker, or answers at once that the key is none or the store is closed.
  template <typename T, typename F>
  void run(Worker& worker, const std::string& key, ports::Completion<T> done, F job) {
    const Status good = ports::check_store_key(key);
    std::lock_guard lock(mutex);
    if (closed || !good.ok()) {
      done(closed ? kClosed : good.error());
      return;
    }
    worker.jobs.push_back(
        [done = std::move(done), job = std::move(job)]() mutable { done(job()); });
    worker.to_do.notify_one();
  }

  Result<std::string> place(UnfinishedFile file, const std::string& path,
                            const ports::Condition& condition);
  Result<std::vector<ports::ObjectInfo>> list(const std::string& prefix, const std::string& after,
                                              std::size_t limit) const;
};

// On the writer. No two objects of a process get one time, so no two at one place get one etag.
Result<std::string> DirectoryStore::State::place(UnfinishedFile file, const std::string& path,
                                                 const ports::Condition& condition) {
  if (Status status = check_condition(path, condition); !status.ok()) return status.error();
  changed_us = std::max(now_us(), changed_us + 1);
  return file.place(path, changed_us);
}

Result<std::unique_ptr<DirectoryStore>> DirectoryStore::open(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return Error{ErrorCode::internal,
                 fmt::format("{} cannot be used: {}.", directory, error.message())};
  }
  const Result<bool> fine_times = keeps_microseconds(directory);
  if (!fine_times.ok()) return fine_times.error();
  if (!*fine_times) {
    return Error{
        ErrorCode::internal,
        fmt::format("{} cannot be used: its file system does not keep a file's time to the "
                    "microsecond, by which objects are told apart. ext4, xfs, btrfs, zfs "
                    "and tmpfs do.",
                    directory)};
  }
  auto state = std::make_unique<State>();
  state->directory = directory;
  return std::unique_ptr<DirectoryStore>(new DirectoryStore(std::move(state)));
}

DirectoryStore::DirectoryStore(std::unique_ptr<State> state) : state_(std::move(state)) {
  for (State::Worker* worker : {&state_->writer, &state_->reader})
    worker->thread = std::thread([state = state_.get(), worker] { state->work(*worker); });
}

DirectoryStore::~DirectoryStore() { close(); }

void DirectoryStore::put(std::string key, std::string bytes, ports::Condition condition,
                         ports::Completion<Result<std::string>> done) {
  state_->run(state_->writer, key, std::move(done),
              [state = state_.get(), path = state_->path_of(key), bytes = std::move(bytes),
               condition = std::move(condition)]() -> Result<std::string> {
                if (Status status = check_condition(path, condition); !status.ok())
                  return status.error();
                Result<UnfinishedFile> file = UnfinishedFile::create(path + kUnfinished);
                if (!file.ok()) return file.error();
                if (Status status = file->write(bytes); !status.ok()) return status.error();
                return state->place(file.take(), path, {});
              });
}

void DirectoryStore::get(std::string key, ports::ByteRange range,
                         ports::Completion<Result<ports::Object>> done) {
  state_->run(state_->reader, key, std::move(done),
              [path = state_->path_of(key), range] { return read_file(path, range); });
}

Result<std::vector<ports::ObjectInfo>> DirectoryStore::State::list(const std::string& prefix,
                                                                   const std::string& after,
                                                                   std::size_t limit) const {
  // Only the folder the prefix names is walked.
  const std::size_t slash = prefix.rfind('/');
  const std::string folder =
      slash == std::string::npos ? directory : directory + "/" + prefix.substr(0, slash);
  std::vector<ports::ObjectInfo> found;
  std::error_code error;
  if (!fs::is_directory(folder, error)) return found;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;  // or removed since
    const std::uint64_t size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
    if (gone || !it->is_regular_file(gone) || it->path().native().back() == kUnfinished) continue;
    std::string key = it->path().string().substr(directory.size() + 1);
    if (key.rfind(prefix, 0) != 0 || key <= after) continue;
    found.push_back({std::move(key), size});
  }
  if (error) {
    return Error{ErrorCode::unavailable,
                 fmt::format("{} cannot be listed: {}.", folder, error.message())};
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  if (found.size() > limit) found.resize(limit);
  return found;
}

void DirectoryStore::list(std::string prefix, std::string after, std::size_t limit,
                          ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) {
  // A prefix ends anywhere: "runs/" and "ru" are as good as a whole key.
  const std::string checked = prefix + "x";
  state_->run(state_->reader, checked, std::move(done),
              [state = state_.get(), prefix = std::move(prefix), after = std::move(after), limit] {
                return state->list(prefix, after, limit);
              });
}

void DirectoryStore::remove(std::string key, ports::Completion<Status> done) {
  state_->run(state_->writer, key, std::move(done),
              [path = state_->path_of(key)] { return remove_file(path); });
}

void DirectoryStore::close() {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->closed) return;
    state_->closed = true;
    state_->writer.to_do.notify_one();
    state_->reader.to_do.notify_one();
  }
  state_->writer.thread.join();  // what was asked before is answered
  state_->reader.thread.join();
}

}  // namespace telltale::store
