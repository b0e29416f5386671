// SourceHealth: how each source that this process was given stands: what keeps it, or a part of it,
// from being read, in a sentence, and since when. Behind GET /api/v1/sources and the last lines of
// /readyz. Owned by `main`, lives on the loop that answers requests; who reads a source posts what
// it has to say. It asks nobody and keeps nothing over a restart.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "schema/health.pb.h"

namespace telltale::collect {

class SourceHealth {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void sources_changed() = 0;
  };

  explicit SourceHealth(std::vector<schema::SourceStatus> sources);

  // `part` of the source of that name; an empty `trouble` ends what was told of it. What follows
  // another trouble of the same part lasts since the first one.
  void tell(const std::string& name, const std::string& part, const std::string& trouble,
            EpochUs now);

  // As SourceList has it.
  std::string json() const;
  // "NAME PART: TROUBLE\n" for each.
  std::string lines() const;

  // Called whenever it has changed, until it is removed.
  void add(Listener& listener) { listeners_.insert(&listener); }
  void remove(Listener& listener) { listeners_.erase(&listener); }

 private:
  schema::SourceList list_;
  std::set<Listener*> listeners_;
};

}  // namespace telltale::collect
