#include "fold/catalogue.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <tuple>

#include "schema/view.pb.h"

namespace telltale::fold {
namespace {

// ASCII only: what is beyond has no case in most scripts, and folding it would need tables.
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

// By memmem, whose time is linear: names may be of a million characters and `part` of thousands,
// and where they are chosen to fit, comparing at every place would take a minute.
bool contains(std::string_view text, const std::string& lowered_part) {
  const std::string all = lowered(text);
  return ::memmem(all.data(), all.size(), lowered_part.data(), lowered_part.size()) != nullptr;
}

}  // namespace

bool matches(const RunFilter& filter, const schema::RunSummary& summary) {
  if (!filter.states.empty() &&
      std::find(filter.states.begin(), filter.states.end(),
                to_state(static_cast<int>(summary.state()))) == filter.states.end())
    return false;
  if (!filter.keys.empty() &&
      std::find(filter.keys.begin(), filter.keys.end(), summary.run_key()) == filter.keys.end())
    return false;
  if (filter.text.empty()) return true;
  const std::string text = lowered(filter.text);
  return contains(summary.name(), text) || contains(summary.pipeline(), text) ||
         contains(summary.run_key(), text);
}

Catalogue::Place Catalogue::place_of(const schema::RunSummary& summary) {
  // Times before 1970 are data too; the most negative one has no opposite.
  return {-std::max(summary.created_at_us(), -INT64_MAX), summary.run_key()};
}

bool Catalogue::advance(LogOffset offset) {
  if (to_number(offset) < end_) return false;
  end_ = to_number(offset) + 1;
  return true;
}

bool Catalogue::apply(LogOffset offset, const schema::RunSummary& summary) {
  if (!advance(offset)) return false;
  Entry& entry = entries_[summary.run_key()];
  if (entry.summary) {
    if (summary.position() < entry.summary->position()) return false;
    if (summary.position() == entry.summary->position() &&
        summary.SerializeAsString() == entry.summary->SerializeAsString())
      return false;
    newest_first_.erase(place_of(*entry.summary));
    by_change_.erase({entry.changed_at, summary.run_key()});
  }
  entry = {std::make_shared<const schema::RunSummary>(summary), offset};
  newest_first_.insert(place_of(summary));
  by_change_.insert({offset, summary.run_key()});
  removed_.erase(summary.run_key());
  return true;
}

bool Catalogue::remove(LogOffset offset, const RunKey& key) {
  if (!advance(offset)) return false;
  const auto found = entries_.find(key.text());
  if (found == entries_.end()) return false;
  newest_first_.erase(place_of(*found->second.summary));
  by_change_.erase({found->second.changed_at, key.text()});
  entries_.erase(found);
  removed_[key.text()] = offset;
  return true;
}

SummaryPtr Catalogue::find(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second.summary;
}

RunPage Catalogue::page(const RunFilter& filter, const std::string& page, std::size_t limit) const {
  // A page starts after the run that ended the one before: "<-created_at_us>_<key>".
  Place after{INT64_MIN, ""};
  if (const std::size_t cut = page.find('_'); cut != std::string::npos) {
    std::from_chars(page.data(), page.data() + cut, after.first);
    after.second = page.substr(cut + 1);
  }
  RunPage result;
  bool more = false;
  for (const Place& place : newest_first_) {
    const SummaryPtr& summary = entries_.at(place.second).summary;
    if (!matches(filter, *summary)) continue;
    ++result.total;
    if (place <= after) continue;
    if (result.runs.size() < limit) {
      result.runs.push_back(summary);
    } else {
      more = true;
    }
  }
  if (more && !result.runs.empty()) {
    const Place last = place_of(*result.runs.back());
    result.next_page = std::to_string(last.first) + '_' + last.second;
  }
  return result;
}

CatalogueChanges Catalogue::changed_since(LogOffset end) const {
  CatalogueChanges changes;
  for (auto it = by_change_.rbegin(); it != by_change_.rend() && it->first >= end; ++it)
    changes.runs.push_back(entries_.at(it->second).summary);
  std::sort(changes.runs.begin(), changes.runs.end(),
            [](const SummaryPtr& a, const SummaryPtr& b) { return place_of(*a) < place_of(*b); });
  for (const auto& [key, offset] : removed_) {
    if (offset >= end) changes.removed.push_back(key);
  }
  std::sort(changes.removed.begin(), changes.removed.end());
  return changes;
}

}  // namespace telltale::fold
