#include "fold/repeat_guard.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace telltale::fold {
namespace {

// FNV-1a with MurmurHash3's finalizer. Stored in snapshots, so it must not vary between builds.
std::uint64_t hash64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdU;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53U;
  hash ^= hash >> 33;
  return hash;
}

constexpr std::size_t kMarkBytes = 96;  // with what finds it
constexpr std::size_t kIdBytes = 48;

}  // namespace

RepeatGuard::Told RepeatGuard::judge(std::string_view epoch, std::uint64_t sequence,
                                     std::string_view id) {
  if (!epoch.empty() && sequence > 0) {
    const Place place = place_of(hash64(epoch));
    const Told told = judge(entries_[place].mark, sequence);
    if (told != Told::first) return told;
    take_out(place);
    put_last(place);
    while (places_.size() * kMarkBytes + gaps_ * sizeof(Gap) > kRepeatMarkBytes) forget_oldest();
    return told;
  }
  if (id.empty()) return Told::first;
  const std::uint64_t hash = hash64(id);
  if (!known_.insert(hash).second) return Told::again;
  remember(hash);
  return Told::first;
}

RepeatGuard::Told RepeatGuard::judge(Mark& mark, std::uint64_t sequence) {
  std::vector<Gap>& gaps = mark.gaps;
  if (sequence > mark.highest) {
    if (sequence > mark.highest + 1) {
      gaps.push_back({mark.highest + 1, sequence});
      ++gaps_;
    }
    mark.highest = sequence;
  } else {
    const auto gap =
        std::find_if(gaps.begin(), gaps.end(), [&](const Gap& g) { return sequence < g.end; });
    if (gap == gaps.end() || sequence < gap->begin) return Told::again;
    const Gap after{sequence + 1, gap->end};
    gap->end = sequence;
    gaps_ -= gaps.size();
    if (after.begin < after.end) gaps.insert(gap + 1, after);
    std::erase_if(gaps, [](const Gap& g) { return g.begin == g.end; });
    gaps_ += gaps.size();
  }
  if (gaps.size() > kRepeatGaps) {
    gaps.erase(gaps.begin());
    --gaps_;
  }
  return sequence == mark.highest ? Told::first : Told::late;
}

RepeatGuard::Place RepeatGuard::place_of(std::uint64_t epoch) {
  if (const auto found = places_.find(epoch); found != places_.end()) return found->second;
  Place place = static_cast<Place>(entries_.size());
  if (free_.empty()) {
    entries_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  entries_[place].mark = {epoch, 0, {}};
  places_.emplace(epoch, place);
  put_last(place);
  return place;
}

void RepeatGuard::take_out(Place place) {
  const Entry& entry = entries_[place];
  (entry.older == kNone ? oldest_mark_ : entries_[entry.older].newer) = entry.newer;
  (entry.newer == kNone ? newest_mark_ : entries_[entry.newer].older) = entry.older;
}

void RepeatGuard::put_last(Place place) {
  entries_[place].older = newest_mark_;
  entries_[place].newer = kNone;
  (newest_mark_ == kNone ? oldest_mark_ : entries_[newest_mark_].newer) = place;
  newest_mark_ = place;
}

void RepeatGuard::forget_oldest() {
  const Place place = oldest_mark_;
  take_out(place);
  Mark& mark = entries_[place].mark;
  gaps_ -= mark.gaps.size();
  places_.erase(mark.epoch);
  mark = {};
  free_.push_back(place);
}

std::size_t RepeatGuard::bytes() const {
  return places_.size() * kMarkBytes + gaps_ * sizeof(Gap) + window_.size() * kIdBytes;
}

std::vector<const RepeatGuard::Mark*> RepeatGuard::marks() const {
  std::vector<const Mark*> marks;
  marks.reserve(places_.size());
  for (Place place = oldest_mark_; place != kNone; place = entries_[place].newer)
    marks.push_back(&entries_[place].mark);
  return marks;
}

void RepeatGuard::remember(std::uint64_t id) {
  if (window_.size() < limits::kRepeatWindow) {
    window_.push_back(id);
    return;
  }
  known_.erase(window_[oldest_]);
  window_[oldest_] = id;
  oldest_ = (oldest_ + 1) % window_.size();
}

std::vector<std::uint64_t> RepeatGuard::ids() const {
  std::vector<std::uint64_t> ids(window_.begin() + static_cast<std::ptrdiff_t>(oldest_),
                                 window_.end());
  ids.insert(ids.end(), window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(oldest_));
  return ids;
}

void RepeatGuard::restore(std::vector<Mark> marks, const std::vector<std::uint64_t>& ids) {
  *this = RepeatGuard();
  for (Mark& mark : marks) {
    gaps_ += mark.gaps.size();
    const Place place = place_of(mark.epoch);
    entries_[place].mark = std::move(mark);
  }
  for (const std::uint64_t id : ids) {
    if (known_.insert(id).second) remember(id);
  }
}

}  // namespace telltale::fold
