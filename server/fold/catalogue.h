// Catalogue: the list of all runs, folded from telltale.runs, and what runs tell of each other: how
// long those of one pipeline usually take, which failure no later run has mended, which run has
// fallen silent. Pure: it is told the time. Lives on serve's loop. Its values are the RunSummary
// messages themselves, immutable and shared: the topic carries them and lists answer them, so a
// struct in between would only be a second place to forget a field. No list that is asked for again
// and again walks all runs: what it shows is kept up to date with each change (run_window.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "fold/listed_run.h"
#include "fold/pipeline_history.h"
#include "fold/run_state.h"
#include "fold/run_window.h"

namespace telltale::fold {

struct RunPage {
  std::vector<SummaryPtr> runs;  // newest first
  std::uint32_t total = 0;       // runs that match, over all pages
  std::string next_page;         // give back as `page`; empty on the last one
};

class Catalogue {
 public:
  // Offsets of telltale.runs. Below end(): ignored. A summary whose own `position` is
  // older than the one known is a repeat and ignored too. True if anything changed.
  bool apply(LogOffset offset, const schema::RunSummary& summary);
  bool remove(LogOffset offset, const RunKey& key);
  // Time has passed: runs fall silent, failures grow old. True if anything changed by that.
  bool look_at(EpochUs now);
  // When look_at() will next change something, if nothing else does; nothing: never.
  std::optional<EpochUs> next_look() const;

  // The offset after the newest record, so that an empty catalogue and the first record differ.
  LogOffset end() const { return LogOffset{end_}; }
  // Another one after each change.
  std::uint64_t version() const { return version_; }
  std::size_t size() const { return entries_.size(); }
  // How many runs were looked at to answer lists, so far: what their answers cost.
  std::uint64_t walked() const { return walked_; }
  SummaryPtr find(const std::string& key) const;

  // `page` is a next_page of before, empty for the first; pages hold `limit` runs.
  RunPage page(const RunFilter& filter, const std::string& page, std::size_t limit) const;
  // A summary with what the others tell of it: `usual`, `last_main_metric`.
  schema::RunSummary with_history(const schema::RunSummary& summary) const;

 private:
  struct Entry : ListedRun {
    std::int64_t changes_at_us = 0;  // when `attention` does by itself; 0: never
  };
  bool advance(LogOffset offset);
  void link(const Entry& entry);
  void unlink(const Entry& entry);
  // What of `attention` follows from the others and the time; true if it is another than before.
  bool judge(Entry& entry);
  void judge_again(const std::string& key);
  // After a run of a pipeline was added or taken away: whose failure stands is another one, maybe.
  void settle(const std::string& pipeline, const std::optional<RunPlace>& newest_before);
  std::optional<RunPlace> newest_ended(const std::string& pipeline) const;
  void tell_windows(const ListedRun* before, const ListedRun* after);

  RunWindow& window(const RunFilter& filter) const;
  RunPage page_of_keys(const RunFilter& filter, std::size_t limit) const;
  // Newest first, of these states (none: of all), behind `after`, until `take` says false.
  void walk(const std::vector<State>& states, const RunPlace* after,
            const std::function<bool(const ListedRun&)>& take) const;
  void refill(RunWindow& window) const;

  std::uint64_t end_ = 0;
  std::uint64_t version_ = 0;
  EpochUs now_{};
  std::unordered_map<std::string, Entry> entries_;
  std::array<std::map<RunPlace, const Entry*>, kStates> by_state_;
  std::unordered_map<std::string, PipelineHistory> pipelines_;
  std::set<std::pair<std::int64_t, std::string>> changes_;  // by time, of entries that have one
  // What is asked for, the latest first; no part of what the catalogue says.
  mutable std::list<RunWindow> windows_;
  mutable std::uint64_t walked_ = 0;
};

}  // namespace telltale::fold
