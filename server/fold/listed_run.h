// A run of the list, where it stands there, and which runs a list is of. Plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fold/run_state.h"

namespace telltale::schema {
class RunSummary;
}

namespace telltale::fold {

using SummaryPtr = std::shared_ptr<const schema::RunSummary>;

// Newest first: (-created_at_us, key).
using RunPlace = std::pair<std::int64_t, std::string>;
RunPlace place_of(const schema::RunSummary& summary);

struct ListedRun {
  SummaryPtr summary;
  bool attention = false;  // it needs a person
};

struct RunFilter {
  std::vector<State> states;      // any of them; empty = all
  std::string text;               // part of name, pipeline or key, whatever the case (ASCII)
  std::vector<std::string> keys;  // any of them; empty = all
  bool attention = false;         // only what needs a person
  std::string cluster = {};       // of a cluster's runs; empty = all
  std::string namespace_name = {};
  bool operator==(const RunFilter&) const = default;
};

bool matches(const RunFilter& filter, const ListedRun& run);

// Which runs are alike: those of one pipeline (one without a name is that of its runs' name) from
// one source.
std::string pipeline_of(const schema::RunSummary& summary);

// Names and messages may be of a megabyte, and a list shows many of them, to many: here they are
// cut to kRunTextBytes, at the border of a character, with "…" at their end. Whole they are in the
// run's own view.
void shorten(schema::RunSummary& summary);

}  // namespace telltale::fold
