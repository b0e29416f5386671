#include "fold/repeat_guard.h"

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

}  // namespace

bool RepeatGuard::is_new(std::string_view epoch, std::uint64_t sequence, std::string_view id) {
  if (!epoch.empty() && sequence > 0) {
    std::uint64_t& mark = marks_[hash64(epoch)];
    if (sequence <= mark) return false;
    mark = sequence;
    return true;
  }
  if (id.empty()) return true;
  const std::uint64_t hash = hash64(id);
  if (!known_.insert(hash).second) return false;
  remember(hash);
  return true;
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

void RepeatGuard::restore(std::map<std::uint64_t, std::uint64_t> marks,
                          const std::vector<std::uint64_t>& ids) {
  marks_ = std::move(marks);
  window_.clear();
  known_.clear();
  oldest_ = 0;
  for (const std::uint64_t id : ids) {
    if (known_.insert(id).second) remember(id);
  }
}

}  // namespace telltale::fold
