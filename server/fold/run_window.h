// RunWindow: of the runs that match a filter the newest ones, and how many there are; kept up to
// date change by change, so that who looks at a list costs nothing while nothing of it changes, and
// many who look at the same one cost as much as one. Owned by a Catalogue.
#pragma once

#include <cstdint>
#include <map>

#include "fold/listed_run.h"

namespace telltale::fold {

class RunWindow {
 public:
  explicit RunWindow(RunFilter filter) : filter_(std::move(filter)) {}

  const RunFilter& filter() const { return filter_; }
  std::uint32_t total() const { return total_; }
  const std::map<RunPlace, SummaryPtr>& newest() const { return newest_; }

  // A run as it was and as it is; null: not in the list then.
  void change(const ListedRun* before, const ListedRun* after);
  // Runs have left and others, which the catalogue has, belong here now.
  bool lacks() const;
  // Of those that match one behind the last; and how many match in all.
  void add(const SummaryPtr& summary) { newest_.emplace(place_of(*summary), summary); }
  void set_total(std::uint32_t total) { total_ = total; }

 private:
  RunFilter filter_;
  std::uint32_t total_ = 0;
  std::map<RunPlace, SummaryPtr> newest_;  // at most kRunsPage
};

}  // namespace telltale::fold
