// DirectoryState: what a DirectoryStore and its uploads share: the folder, and the threads that
// touch it. Owned by all of them; threads run until close().
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "ports/store.h"
#include "store/file_io.h"
#include "store/job_thread.h"

namespace telltale::store {

struct DirectoryState {
  explicit DirectoryState(std::string folder) : directory(std::move(folder)) {}

  // Hands `job`, a function of the completion, to the thread; or answers at once that the key is
  // none or the store is closed.
  template <typename T, typename Job>
  void hand(JobThread& thread, const std::string& key, ports::Completion<T> done, Job job) {
    const Status good = ports::check_store_key(key);
    std::lock_guard lock(mutex);
    if (closed) {
      done(Error{ErrorCode::closed, "The store is closed."});
    } else if (!good.ok()) {
      done(good.error());
    } else {
      thread.push(
          [done = std::move(done), job = std::move(job)]() mutable { job(std::move(done)); });
    }
  }
  // The same for a job whose value is the answer.
  template <typename T, typename Job>
  void run(JobThread& thread, const std::string& key, ports::Completion<T> done, Job job) {
    hand(thread, key, std::move(done),
         [job = std::move(job)](ports::Completion<T> answer) mutable { answer(job()); });
  }

  std::string path_of(const std::string& key) const { return directory + "/" + key; }
  // Where uploads are written: no key has this name, and all of it goes at the next start.
  std::string uploads_folder() const { return directory + "/uploads" + kUnfinished; }

  // On the writer: makes the file the object at `path` if the condition holds.
  Result<std::string> place(UnfinishedFile file, const std::string& path,
                            const ports::Condition& condition);
  // On the reader.
  Result<std::vector<ports::ObjectInfo>> list(const std::string& prefix, const std::string& after,
                                              std::size_t limit) const;
  // Answers what was asked before.
  void close();

  const std::string directory;
  std::mutex mutex;
  bool closed = false;
  std::uint64_t uploads = 0;    // started so far
  std::int64_t changed_us = 0;  // the last object's time; the writer's
  JobThread uploader;           // pieces of uploads and their fsync, which may take seconds
  JobThread writer;  // one change after the other, so a condition holds until its put is done
  JobThread reader;
};

// done where the object at `path` is what the condition says.
Status check_condition(const std::string& path, const ports::Condition& condition);

}  // namespace telltale::store
