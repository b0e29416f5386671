#include "fold/run_window.h"

#include <algorithm>

#include "base/limits.h"

namespace telltale::fold {

void RunWindow::change(const ListedRun* before, const ListedRun* after) {
  const bool was = before != nullptr && matches(filter_, *before);
  const bool is = after != nullptr && matches(filter_, *after);
  if (!was && !is) return;
  const RunPlace from = was ? place_of(*before->summary) : RunPlace();
  const RunPlace to = is ? place_of(*after->summary) : RunPlace();
  if (was && is && from == to) {
    if (const auto found = newest_.find(from); found != newest_.end())
      found->second = after->summary;
    return;
  }
  if (was) {
    newest_.erase(from);
    --total_;
  }
  if (!is) return;
  // Behind the last one there may be others that are newer.
  const bool whole = newest_.size() == total_;
  if (whole || (!newest_.empty() && to < newest_.rbegin()->first)) newest_[to] = after->summary;
  ++total_;
  if (newest_.size() > limits::kRunsPage) newest_.erase(std::prev(newest_.end()));
}

bool RunWindow::lacks() const {
  return newest_.size() < std::min<std::size_t>(total_, limits::kRunsPage);
}

}  // namespace telltale::fold
