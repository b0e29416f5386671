// DirectoryState: what a DirectoryStore and its uploads share: the folder, and the threads that
// touch it. Owned by all of them; threads run until close().
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/kept_files.h"
#include "ports/store.h"
#include "store/file_io.h"
#include "store/job_gate.h"

namespace telltale::store {

struct DirectoryState {
  explicit DirectoryState(std::string folder) : directory(std::move(folder)) {
    kept.keep(directory);
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
  KeptFiles kept;  // the folder; never changed, so any thread may check it
  JobGate gate;
  std::atomic<std::uint64_t> uploads = 0;  // started so far
  std::int64_t changed_us = 0;             // the last object's time; the writer's
  JobPool uploader;  // pieces of uploads and their fsync, which may take seconds
  JobPool writer;    // one change after the other, so a condition holds until its put is done
  JobPool reader;
};

// done where the object at `path` is what the condition says.
Status check_condition(const std::string& path, const ports::Condition& condition);

}  // namespace telltale::store
