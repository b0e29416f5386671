// The part of Catalogue that answers lists: pages, and the windows kept for them.
#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "fold/catalogue.h"
#include "schema/view.pb.h"

namespace telltale::fold {
namespace {

// A page starts after the run that ended the one before: "<-created_at_us>_<key>".
std::string name_of(const RunPlace& place) {
  return std::to_string(place.first) + '_' + place.second;
}

RunPlace parse_place(const std::string& page) {
  RunPlace place{INT64_MIN, ""};
  if (const std::size_t cut = page.find('_'); cut != std::string::npos) {
    std::from_chars(page.data(), page.data() + cut, place.first);
    place.second = page.substr(cut + 1);
  }
  return place;
}

template <typename T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

void Catalogue::walk(const std::vector<State>& states, const RunPlace* after,
                     const std::function<bool(const ListedRun&)>& take) const {
  struct Head {
    std::map<RunPlace, const Entry*>::const_iterator at, end;
  };
  std::vector<Head> heads;
  for (std::size_t state = 0; state < kStates; ++state) {
    const bool wanted = states.empty() || std::find(states.begin(), states.end(),
                                                    static_cast<State>(state)) != states.end();
    const auto& runs = by_state_[state];
    if (wanted) heads.push_back({after ? runs.upper_bound(*after) : runs.begin(), runs.end()});
  }
  while (true) {
    Head* next = nullptr;
    for (Head& head : heads) {
      if (head.at != head.end && (next == nullptr || head.at->first < next->at->first))
        next = &head;
    }
    if (next == nullptr) return;
    ++walked_;
    if (!take(*next->at->second)) return;
    ++next->at;
  }
}

RunWindow& Catalogue::window(const RunFilter& filter) const {
  const auto found = std::find_if(windows_.begin(), windows_.end(),
                                  [&](const RunWindow& one) { return one.filter() == filter; });
  if (found != windows_.end()) {
    windows_.splice(windows_.begin(), windows_, found);
    return windows_.front();
  }
  RunWindow fresh(filter);
  std::uint32_t total = 0;
  walk(filter.states, nullptr, [&](const ListedRun& run) {
    if (!matches(filter, run)) return true;
    if (++total <= limits::kRunsPage) fresh.add(run.summary);
    return true;
  });
  fresh.set_total(total);
  windows_.push_front(std::move(fresh));
  if (windows_.size() > limits::kRunWindows) windows_.pop_back();
  return windows_.front();
}

void Catalogue::tell_windows(const ListedRun* before, const ListedRun* after) {
  for (RunWindow& window : windows_) {
    window.change(before, after);
    if (window.lacks()) refill(window);
  }
}

void Catalogue::refill(RunWindow& window) const {
  const RunPlace last =
      window.newest().empty() ? RunPlace{INT64_MIN, ""} : window.newest().rbegin()->first;
  walk(window.filter().states, &last, [&window](const ListedRun& run) {
    if (matches(window.filter(), run)) window.add(run.summary);
    return window.lacks();
  });
}

RunPage Catalogue::page_of_keys(const RunFilter& filter, std::size_t limit) const {
  RunPage result;
  for (const std::string& key : filter.keys) {
    const auto found = entries_.find(key);
    if (found != entries_.end() && matches(filter, found->second))
      result.runs.push_back(found->second.summary);
  }
  std::sort(result.runs.begin(), result.runs.end(),
            [](const SummaryPtr& a, const SummaryPtr& b) { return place_of(*a) < place_of(*b); });
  result.total = static_cast<std::uint32_t>(result.runs.size());
  if (result.runs.size() > limit) result.runs.resize(limit);
  return result;
}

RunPage Catalogue::page(const RunFilter& asked, const std::string& page, std::size_t limit) const {
  RunFilter filter = asked;
  sort_unique(filter.states);
  sort_unique(filter.keys);
  if (!filter.keys.empty()) return page_of_keys(filter, limit);
  const RunWindow& window = this->window(filter);
  RunPage result;
  result.total = window.total();
  bool more = false;
  const auto take = [&](const SummaryPtr& summary) {
    more = result.runs.size() == limit;
    if (!more) result.runs.push_back(summary);
    return !more;
  };
  if (page.empty()) {
    for (const auto& [place, summary] : window.newest()) {
      if (!take(summary)) break;
    }
    more = window.total() > result.runs.size();
  } else {
    const RunPlace after = parse_place(page);
    walk(filter.states, &after,
         [&](const ListedRun& run) { return !matches(filter, run) || take(run.summary); });
  }
  if (more && !result.runs.empty()) result.next_page = name_of(place_of(*result.runs.back()));
  return result;
}

}  // namespace telltale::fold
