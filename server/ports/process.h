// Process: a program that runs beside this one. It leads a session of its own, so that no Ctrl-C
// meant for this process reaches it and all that it starts can be ended with it. Its end is told,
// nobody has to look for it. A Processes lives on one loop, and so does all it starts.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ports/runtime.h"

namespace telltale::ports {

struct ProcessSpec {
  std::vector<std::string> arguments;                            // the first is the program's path
  std::vector<std::pair<std::string, std::string>> environment;  // added to this process's own
  std::vector<std::string> without;                              // names that it does not pass on
  std::string working_directory;
  // What takes stdout and stderr: a file, made with its folder, its owner's alone, and appended to;
  // "": a pipe, for read(). Then stdin is one as well, for write(), and otherwise empty.
  std::string output_file;
  // With a pipe: what it says on stderr goes where this process's own goes, not into the pipe.
  bool errors_apart = false;
  // Goes on when its Process is dropped. Any other ends with it, with all that it started.
  bool outlives = false;
};

struct ProcessEnd {
  int status = 0;  // what it ended with, where it ended by itself
  int signal = 0;  // what ended it, or 0

  bool operator==(const ProcessEnd&) const = default;
};

class Process {
 public:
  virtual ~Process() = default;

  virtual int id() const = 0;
  // Takes all of `bytes`, or says `closed` where nobody reads them any more. One at a time.
  virtual void write(std::string bytes, Completion<Status> done) = 0;
  // Nothing more is written: the program's stdin ends.
  virtual void end_input() = 0;
  // What it has said next, at most so many bytes; "" once it and whatever it started have closed
  // their outputs. One at a time.
  virtual void read(std::size_t most, Completion<Result<std::string>> done) = 0;
  // Once; also where it has ended already. Nothing is answered once the Process is dropped.
  virtual void await_end(Completion<ProcessEnd> done) = 0;
  // To it and all of its group, as long as it has not ended.
  virtual void signal(int number) = 0;
};

class Processes {
 public:
  virtual ~Processes() = default;
  // not_found: there is no such program or folder; internal: whatever else the system says.
  virtual Result<std::unique_ptr<Process>> start(const ProcessSpec& spec) = 0;
};

}  // namespace telltale::ports
