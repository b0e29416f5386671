// Recording: a watch stream that was written to a file, NAME.jsonl, and that of the workflow's pods
// beside it, NAME.pods.jsonl, in the order in which the API server sent them; each may be gzip.
// Line by line, so that its size is no matter. Owned by the import command; no loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "collect/argo_translate.h"

namespace telltale::main {

// Lines of a file, gzip or not.
class RecordedLines {
 public:
  ~RecordedLines();
  // not_found if there is no such file.
  static Result<std::unique_ptr<RecordedLines>> open(const std::string& path);
  // False at the end. A line of more than limits::kNodesBytes is cut.
  bool next(std::string& line);

 private:
  explicit RecordedLines(void* file) : file_(file) {}
  void* file_;
};

class Recording {
 public:
  static Result<std::unique_ptr<Recording>> open(const std::string& path, std::string cluster);

  // What the next line tells, and when, in microseconds since the recording began; false at the
  // end.
  bool next();
  const std::vector<schema::Event>& events() const { return told_.events; }
  std::int64_t due_us() const { return due_us_; }

  const std::string& path() const { return path_; }
  std::uint64_t lines() const { return lines_; }
  std::uint64_t unreadable() const { return unreadable_; }

 private:
  struct Stream {
    std::unique_ptr<RecordedLines> file;
    std::string line;
    std::uint64_t version = 0;  // of the line
    bool there = false;
  };

  Recording(std::string path, std::string cluster);
  void load(Stream& stream);
  void note_due(bool of_workflow);

  std::string path_;
  Stream workflows_;
  Stream pods_;
  std::unique_ptr<RecordedLines> times_;  // seconds of each line's arrival, where they were noted
  collect::ArgoTranslate translate_;
  collect::Translated told_;
  std::int64_t began_us_ = 0;
  std::int64_t due_us_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t unreadable_ = 0;
};

// "a/b.jsonl.gz" -> "a/b"; empty for what is no stream of workflows.
std::string recording_name(const std::string& path);

}  // namespace telltale::main
