// RunList: all runs' summaries, kept current from telltale.runs, which has one partition, so that
// a position in the list means the same to every server. Owned by `main`, lives on serve's loop;
// tells its listeners after each batch, and when time alone changes what needs attention. Rebuilt
// from the topic at every start.
#pragma once

#include <memory>
#include <string>

#include "base/counters.h"
#include "fold/catalogue.h"
#include "ports/log.h"
#include "serve/listeners.h"
#include "serve/resource.h"
#include "serve/tail.h"

namespace telltale::schema {
class RunList;
}

namespace telltale::serve {

class RunList {
 public:
  RunList(ports::Runtime& loop, ports::Log& log, Counters& counters);
  ~RunList();

  // `ready` once what the topic held at the start is folded, however long that takes.
  void start(UniqueFunction<void()> ready);
  const fold::Catalogue& catalogue() const { return catalogue_; }

  Listeners& listeners() { return listeners_; }

 private:
  void find_bounds();
  void on_batch(const std::vector<ports::StoredRecord>& batch);
  bool apply(const ports::StoredRecord& record);
  void look_later();

  ports::Runtime& loop_;
  ports::Log& log_;
  Counters& counters_;
  fold::Catalogue catalogue_;
  LogOffset ready_at_{};
  std::int64_t looks_at_us_ = 0;  // when time alone changes something next; 0: no timer is set
  ports::TimerId timer_{};
  UniqueFunction<void()> ready_;
  Listeners listeners_{loop_};
  std::unique_ptr<Tail> tail_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for answers that come too late
};

}  // namespace telltale::serve
