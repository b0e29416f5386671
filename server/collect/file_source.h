// FileSource: follows a file of lines on a thread of its own and answers home, so that no loop ever
// waits for a disk. Looks every limits::kSourcePollUs, which works on every file system there is.
// Owned by `main`. Any thread may call.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "collect/file_tail.h"
#include "ports/source.h"

namespace telltale::collect {

class FileSource final : public ports::Source {
 public:
  FileSource(std::string name, std::string path);
  ~FileSource() override;

  void read(std::string from, ports::SourceLimits limits,
            ports::Completion<Result<ports::SourceBatch>> done) override;
  void close() override;

 private:
  struct Read {
    std::string from;
    ports::SourceLimits limits;
    ports::Completion<Result<ports::SourceBatch>> done;
  };

  void work();
  Result<ports::SourceBatch> follow(const Read& read);

  FileTail tail_;  // the thread's
  // The mutex guards the rest.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Read> asked_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace telltale::collect
