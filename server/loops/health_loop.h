// HealthLoop: whether this process can do its work: asks the log and the store every two seconds
// and remembers what its parts say of themselves. Behind /readyz. Owned by `main`, lives on the
// loop that answers requests.
#pragma once

#include <map>
#include <string>

#include "loops/alive.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::loops {

class HealthLoop {
 public:
  HealthLoop(ports::Runtime& loop, ports::Log& log, ports::Store& store);

  void start();
  // What keeps `part` from its work, in a sentence; empty: nothing does.
  void tell(const std::string& part, std::string trouble);
  // All of that, a line each; empty when ready.
  std::string troubles() const;

 private:
  void ask();
  void ask_log();
  void ask_store();

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::Store& store_;
  bool log_asked_ = false;  // and did not answer yet
  bool store_asked_ = false;
  std::map<std::string, std::string> troubles_;  // by part, only those there are
  Alive alive_;
};

}  // namespace telltale::loops
