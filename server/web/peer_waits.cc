#include "web/peer_waits.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace telltale::web {

PeerWaits::Place::Place(PeerWaits& waits, std::function<void()> drop)
    : waits_(waits),
      entry_(waits.list_.insert(waits.list_.end(), {Clock::now(), 0, std::move(drop)})) {}

void PeerWaits::Place::came(std::size_t bytes) {
  entry_->held += bytes;
  moved(bytes);
}

void PeerWaits::Place::went(std::size_t bytes) { moved(bytes); }

void PeerWaits::Place::moved(std::size_t bytes) {
  since_renewal_ += bytes;
  if (since_renewal_ < limits::kBodyPieceBytes) return;
  since_renewal_ = 0;
  entry_->since = Clock::now();
  waits_.list_.splice(waits_.list_.end(), waits_.list_, entry_);
}

bool PeerWaits::drop_longest() {
  const auto found = std::find_if(list_.begin(), list_.end(),
                                  [](const Entry& entry) { return entry.drop != nullptr; });
  return drop(found);
}

bool PeerWaits::drop_stalled(Clock::duration least) {
  const Clock::time_point now = Clock::now();
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const Entry& entry) {
    return entry.drop != nullptr && entry.held > 0 && now - entry.since >= least;
  });
  return drop(found);
}

bool PeerWaits::drop(std::list<Entry>::iterator entry) {
  if (entry == list_.end()) return false;
  std::exchange(entry->drop, nullptr)();
  return true;
}

}  // namespace telltale::web
