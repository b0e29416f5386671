// RunList: all runs' summaries, kept current from telltale.runs. Owned by `main`, lives on serve's
// loop; tells its listeners after each batch. Rebuilt from the topic at every start.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "fold/catalogue.h"
#include "ports/log.h"
#include "serve/live_views.h"
#include "serve/resource.h"
#include "serve/tail.h"

namespace telltale::schema {
class RunList;
}

namespace telltale::serve {

class RunList {
 public:
  RunList(ports::Runtime& loop, ports::Log& log, Counters& counters);

  // `ready` once what the topic held at the start is folded.
  void start(UniqueFunction<void(Status)> ready);
  const fold::Catalogue& catalogue() const { return catalogue_; }

  void add_listener(ViewListener* listener) { listeners_.insert(listener); }
  void remove_listener(ViewListener* listener) { listeners_.erase(listener); }

 private:
  void on_batch(const std::vector<ports::StoredRecord>& batch);

  ports::Runtime& loop_;
  ports::Log& log_;
  Counters& counters_;
  fold::Catalogue catalogue_;
  LogOffset ready_at_{};
  UniqueFunction<void(Status)> ready_;
  std::set<ViewListener*> listeners_;
  std::unique_ptr<Tail> tail_;
};

}  // namespace telltale::serve
