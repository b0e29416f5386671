// HealthLoop: whether this process can do its work: asks the log and the store every two seconds,
// compares how far they go, and remembers what its parts say of themselves. Behind /readyz. Owned
// by `main`, lives on the loop that answers requests.
#pragma once

#include <map>
#include <set>
#include <string>

#include "ports/alive.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::loops {

class HealthLoop {
 public:
  // Why nothing may be appended, in a sentence: the log ends before what the store has, so that it
  // is not the log that was folded. Empty: they fit.
  using OnFit = UniqueFunction<void(const std::string& why_not)>;

  // `on_fit` is told once it is known of every partition, and then when it changes.
  HealthLoop(
      ports::Runtime& loop, ports::Log& log, ports::Store& store,
      OnFit on_fit = [](const std::string&) {});

  void start();
  // What keeps `part` from its work, in a sentence; empty: nothing does.
  void tell(const std::string& part, std::string trouble);
  // All of that, a line each; empty when ready.
  std::string troubles() const;

 private:
  void ask();
  void ask_log();
  void ask_store(int partition);
  void compare(int partition, LogOffset reach);
  void compared(int partition, LogOffset reach, LogOffset end);

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::Store& store_;
  OnFit on_fit_;
  const int partitions_;
  int turn_ = 0;               // whose partition is compared next
  bool log_asked_ = false;     // and did not answer yet
  std::set<int> store_asked_;  // of these
  std::set<int> not_compared_;
  std::map<int, std::string> misfits_;           // by partition
  std::map<std::string, std::string> troubles_;  // by part, only those there are
  bool fit_told_ = false;
  std::string told_;
  ports::Alive alive_;
};

}  // namespace telltale::loops
