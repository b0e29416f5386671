#include "fold/pipeline_history.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace telltale::fold {
namespace {

constexpr std::size_t kUsualRuns = 50;
// Fewer say nothing about the next.
constexpr std::size_t kUsualFewest = 3;
// Who measures something else at times: so many are looked at for the same metric.
constexpr int kMetricRuns = 16;

bool succeeded(const schema::RunSummary& run) { return run.state() == schema::SUCCEEDED; }

// 0 where it can't be told.
std::int64_t took_us(const schema::RunSummary& run) {
  const std::int64_t start = run.started_at_us() != 0 ? run.started_at_us() : run.created_at_us();
  std::int64_t took = 0;
  const bool over = __builtin_sub_overflow(run.finished_at_us(), start, &took);
  return run.finished_at_us() == 0 || over ? 0 : std::max<std::int64_t>(took, 0);
}

}  // namespace

void PipelineHistory::add(const SummaryPtr& ended) {
  ended_.insert(place_of(*ended));
  if (!succeeded(*ended)) return;
  succeeded_[place_of(*ended)] = ended;
  reckon();
}

void PipelineHistory::remove(const schema::RunSummary& ended) {
  ended_.erase(place_of(ended));
  if (succeeded_.erase(place_of(ended)) > 0) reckon();
}

void PipelineHistory::reckon() {
  std::vector<std::int64_t> took;
  for (auto it = succeeded_.begin(); it != succeeded_.end() && took.size() < kUsualRuns; ++it) {
    if (const std::int64_t us = took_us(*it->second); us > 0) took.push_back(us);
  }
  usual_.reset();
  if (took.size() < kUsualFewest) return;
  std::sort(took.begin(), took.end());
  const auto at = [&took](double share) {
    return took[static_cast<std::size_t>(
        std::lround(static_cast<double>(took.size() - 1) * share))];
  };
  usual_.emplace();
  usual_->set_low_us(at(0.1));
  usual_->set_median_us(at(0.5));
  usual_->set_high_us(at(0.9));
  usual_->set_runs(static_cast<std::uint32_t>(took.size()));
}

std::optional<double> PipelineHistory::metric_before(const schema::RunSummary& run) const {
  if (run.main_metric().empty()) return std::nullopt;
  auto it = succeeded_.upper_bound(place_of(run));
  for (int looked = 0; it != succeeded_.end() && looked < kMetricRuns; ++it, ++looked) {
    if (it->second->main_metric() == run.main_metric()) return it->second->main_metric_value();
  }
  return std::nullopt;
}

}  // namespace telltale::fold
