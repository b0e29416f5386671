// Sources: what --source names: each with its SourceHolder, which has its events appended. The
// only place that knows their concrete types. Owned by the wiring, lives on collect's loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/counters.h"
#include "collect/file_source.h"
#include "collect/rejected_events.h"
#include "loops/source_holder.h"
#include "main/config.h"
#include "net/curl_fetch.h"
#include "ports/log.h"
#include "schema/health.pb.h"

namespace telltale::main {

class Sources {
 public:
  // What keeps a source, or a part of it, from being read, in a sentence; empty once that is over.
  // On the loop.
  using Tell = std::function<void(const std::string& name, const std::string& part,
                                  const std::string& trouble)>;

  // Nothing of a source is asked before start(): only what it needs to know is read here, as a
  // kubeconfig, and refused in a sentence.
  static Status check(const std::vector<SourceSpec>& specs);
  // What people are told of them; check() saw them.
  static std::vector<schema::SourceStatus> describe(const std::vector<SourceSpec>& specs);

  // All outlive this; `rejected` lives on `loop` too.
  Sources(const std::vector<SourceSpec>& specs, ports::Runtime& loop, ports::Log& log,
          ports::EventGate& gate, Counters& counters, collect::RejectedEvents& rejected,
          const Tell& tell);

  // Of any thread but the loop's. stop() returns once what was read is appended, or
  // limits::kHandOverUs later.
  void start();
  void stop();

 private:
  void add_file(const SourceSpec& spec);
  void add_cluster(const SourceSpec& spec);
  void add(const SourceSpec& spec, loops::SourceHolder::Open open);

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::EventGate& gate_;
  Counters& counters_;
  collect::RejectedEvents& rejected_;
  Tell tell_;
  std::unique_ptr<net::CurlFetch> fetch_;  // where a cluster is watched
  std::vector<std::unique_ptr<loops::SourceHolder>> holders_;
};

}  // namespace telltale::main
