// Catalogue: the list of all runs, folded from telltale.runs. Pure. Lives on serve's loop. Its
// values are the RunSummary messages themselves, immutable and shared: the topic carries them and
// lists answer them, so a struct in between would only be a second place to forget a field.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "fold/run_state.h"

namespace telltale::schema {
class RunSummary;
}

namespace telltale::fold {

using SummaryPtr = std::shared_ptr<const schema::RunSummary>;

struct RunFilter {
  std::vector<State> states;      // any of them; empty = all
  std::string text;               // part of name, pipeline or key, whatever the case (ASCII)
  std::vector<std::string> keys;  // any of them; empty = all
  bool operator==(const RunFilter&) const = default;
};

bool matches(const RunFilter& filter, const schema::RunSummary& summary);

struct RunPage {
  std::vector<SummaryPtr> runs;  // newest first
  std::uint32_t total = 0;       // runs that match, over all pages
  std::string next_page;         // give back as `page`; empty on the last one
};

struct CatalogueChanges {
  std::vector<SummaryPtr> runs;      // newest first
  std::vector<std::string> removed;  // run keys
};

class Catalogue {
 public:
  // Offsets of telltale.runs. Below end(): ignored. A summary whose own `position` is
  // older than the one known is a repeat and ignored too. True if anything changed.
  bool apply(LogOffset offset, const schema::RunSummary& summary);
  bool remove(LogOffset offset, const RunKey& key);

  // The offset after the newest record, so that an empty catalogue and the first record differ.
  LogOffset end() const { return LogOffset{end_}; }
  std::size_t size() const { return entries_.size(); }
  SummaryPtr find(const std::string& key) const;

  // `page` is a next_page of before, empty for the first; pages hold `limit` runs.
  RunPage page(const RunFilter& filter, const std::string& page, std::size_t limit) const;
  // By records at `end` or after it; an end() of before.
  CatalogueChanges changed_since(LogOffset end) const;

 private:
  struct Entry {
    SummaryPtr summary;
    LogOffset changed_at{};
  };
  // Newest first: (-created_at_us, key).
  using Place = std::pair<std::int64_t, std::string>;
  static Place place_of(const schema::RunSummary& summary);
  bool advance(LogOffset offset);

  std::uint64_t end_ = 0;
  std::unordered_map<std::string, Entry> entries_;
  std::set<Place> newest_first_;
  std::set<std::pair<LogOffset, std::string>> by_change_;
  std::unordered_map<std::string, LogOffset> removed_;
};

}  // namespace telltale::fold
