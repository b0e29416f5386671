// Pages: the parts of the role serve: the list of runs, the views of those that are watched, the
// page and its API; and, where the process collects too, runs started on this machine. Owned by
// the wiring, lives on serve's loop.
#pragma once

#include <string>

#include "deliver/git_http.h"
#include "deliver/pushes.h"
#include "deliver/target_local.h"
#include "serve/live_handler.h"
#include "serve/live_views.h"
#include "serve/rest_runs.h"
#include "serve/run_list.h"

namespace telltale::main {

class Pages {
 public:
  // All outlive this.
  Pages(ports::Runtime& loop, ports::Log& log, ports::Store& store, ports::EventGate& gate,
        ports::Processes& processes, Counters& counters, deliver::TargetLocalOptions local,
        bool starts_runs);

  // On the loop; `ready` once the list is whole and the end of the log is known.
  void start(UniqueFunction<void()> ready);
  // Where runs started here send their events.
  void set_url(const std::string& url) {
    target_local_.set_url(url);
    git_.set_url(url);
    pushes_.set_url(url);
  }
  // Where this process starts runs: those of an earlier one get their end, and its deliveries go
  // on. Once it listens.
  void settle_earlier_runs() {
    if (!starts_runs_) return;
    target_local_.settle_earlier_runs();
    git_.resume_deliveries();
  }

  // Who answers what. launch() is null where this process starts no runs.
  ports::HttpHandler& rest() { return rest_; }
  ports::HttpHandler& cancel() { return cancel_; }
  ports::WholeBodyHandler* launch() { return starts_runs_ ? &target_local_ : nullptr; }
  // Null where it starts none: a push does.
  ports::HttpHandler* git() { return starts_runs_ ? &git_ : nullptr; }
  ports::WholeBodyHandler* pushes() { return starts_runs_ ? &pushes_ : nullptr; }
  ports::LiveHandler& sockets() { return sockets_; }
  ports::LiveHandler& streams() { return streams_; }
  // Whether they may be asked yet.
  const bool& ready() const { return ready_; }

 private:
  serve::RunList runs_;
  serve::LiveViews views_;
  deliver::TargetLocal target_local_;
  deliver::GitHttp git_;
  deliver::Pushes pushes_;
  const bool starts_runs_;
  serve::RestRuns rest_;
  serve::CancelRuns cancel_;
  serve::LiveHandler sockets_;
  serve::LiveHandler streams_;
  bool ready_ = false;
};

}  // namespace telltale::main
