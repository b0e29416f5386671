// PipelineHistory: the runs of one pipeline that have ended, and what they tell of the others: how
// long one usually takes, what the one before measured, whether a failure is still the last word.
// Pure. Owned by a Catalogue.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "fold/listed_run.h"
#include "schema/view.pb.h"

namespace telltale::fold {

class PipelineHistory {
 public:
  void add(const SummaryPtr& ended);
  void remove(const schema::RunSummary& ended);

  // The newest one that ended; null where none did.
  const RunPlace* newest() const { return ended_.empty() ? nullptr : &*ended_.begin(); }
  // Of the last kUsualRuns that succeeded; nothing where there are fewer than kUsualFewest.
  const std::optional<schema::Usual>& usual() const { return usual_; }
  // The main metric of the newest that succeeded before a run, if it is the same one.
  std::optional<double> metric_before(const schema::RunSummary& run) const;

 private:
  void reckon();

  std::set<RunPlace> ended_;
  std::map<RunPlace, SummaryPtr> succeeded_;
  std::optional<schema::Usual> usual_;
};

}  // namespace telltale::fold
