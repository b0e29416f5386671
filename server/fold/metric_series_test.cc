#include "fold/metric_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <tuple>

namespace telltale::fold {
namespace {

using testing::ElementsAre;
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

struct Point {
  std::int64_t step;
  std::int64_t time_us;  // told apart by it: times are unique in these tests
  double value;
};

// The definition, word by word: each column's first, last, lowest, highest and first NaN.
std::vector<std::int64_t> slow_decimate(std::vector<Point> points, std::int64_t from,
                                        std::int64_t to, std::size_t columns) {
  std::erase_if(points, [&](const Point& p) { return p.step < from || p.step > to; });
  std::stable_sort(points.begin(), points.end(),
                   [](const Point& a, const Point& b) { return a.step < b.step; });
  std::vector<std::int64_t> times;
  if (points.size() <= 4 * columns) {
    for (const Point& p : points) times.push_back(p.time_us);
    return times;
  }
  std::map<std::int64_t, std::vector<std::size_t>> by_column;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto column =
        (points[i].step - from) * static_cast<std::int64_t>(columns) / (to - from + 1);
    by_column[column].push_back(i);
  }
  for (const auto& [column, members] : by_column) {
    std::vector<std::size_t> keep = {members.front(), members.back()};
    std::size_t lowest = SIZE_MAX;
    std::size_t highest = SIZE_MAX;
    std::size_t gap = SIZE_MAX;
    for (const std::size_t i : members) {
      const double value = points[i].value;
      if (std::isnan(value)) {
        gap = std::min(gap, i);
      } else {
        if (lowest == SIZE_MAX || value < points[lowest].value) lowest = i;
        if (highest == SIZE_MAX || value > points[highest].value) highest = i;
      }
    }
    for (const std::size_t i : {lowest, highest, gap}) {
      if (i != SIZE_MAX) keep.push_back(i);
    }
    std::sort(keep.begin(), keep.end());
    keep.erase(std::unique(keep.begin(), keep.end()), keep.end());
    for (const std::size_t i : keep) times.push_back(points[i].time_us);
  }
  return times;
}

double random_value(std::mt19937_64& random) {
  switch (random() % 30) {
    case 0:
    case 1: return NAN;
    case 2: return INFINITY;
    case 3: return -INFINITY;
    default: return static_cast<double>(random() % 50);
  }
}

TEST(MetricSeries, DecimatesLikeTheDefinition) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    MetricSeries series;
    std::vector<Point> points;
    std::int64_t step = -100;
    const std::size_t count = random() % 2'000;
    const bool ascending = random() % 2 == 0;
    for (std::size_t i = 0; i < count; ++i) {
      step = ascending
                 ? step + static_cast<std::int64_t>(random() % 3 * (random() % 20 == 0 ? 50 : 1))
                 : static_cast<std::int64_t>(random() % 3'000) - 1'000;
      const Point point{step, static_cast<std::int64_t>(i), random_value(random)};
      series.add(point.step, point.time_us, point.value);
      points.push_back(point);
    }
    const std::int64_t from = static_cast<std::int64_t>(random() % 2'000) - 500;
    const std::int64_t to = from + static_cast<std::int64_t>(random() % 3'000);
    const std::size_t columns = 1 + random() % 100;
    const SeriesSlice slice = series.decimate(from, to, columns);
    EXPECT_EQ(slice.time_us, slow_decimate(points, from, to, columns));
    EXPECT_TRUE(std::is_sorted(slice.step.begin(), slice.step.end()));
    EXPECT_EQ(slice.step.size(), slice.value.size());
    EXPECT_EQ(slice.total, count);
  }
}

TEST(MetricSeries, ReturnsFewPointsAsTheyAre) {
  MetricSeries series;
  for (int i = 0; i < 8; ++i) series.add(i, i * 10, i);
  EXPECT_FALSE(series.decimate(kMin, kMax, 2).decimated);
  EXPECT_EQ(series.decimate(kMin, kMax, 2).step.size(), 8U);
  EXPECT_TRUE(series.decimate(kMin, kMax, 1).decimated);
  EXPECT_THAT(series.decimate(kMin, kMax, 0).step, ElementsAre(0, 7));
  EXPECT_THAT(series.decimate(2, 4, 9).step, ElementsAre(2, 3, 4));
  EXPECT_THAT(series.decimate(5, 4, 9).step, ElementsAre());
}

TEST(MetricSeries, StepsMayFillAllNumbers) {
  MetricSeries series;
  for (int i = 0; i < 10; ++i) series.add(kMin, i, i);
  for (int i = 0; i < 10; ++i) series.add(0, i, i);
  for (int i = 0; i < 10; ++i) series.add(kMax, i, i);
  const SeriesSlice slice = series.decimate(kMin, kMax, 3);
  EXPECT_THAT(slice.step, ElementsAre(kMin, kMin, 0, 0, kMax, kMax));
  EXPECT_EQ(series.next_step(), kMax);
}

TEST(MetricSeries, KeepsLimitsOfFiniteValues) {
  MetricSeries series;
  EXPECT_EQ(series.next_step(), 0);
  series.add(5, 0, NAN);
  EXPECT_TRUE(std::isnan(series.min()));
  series.add(6, 0, INFINITY);
  series.add(7, 0, -2);
  series.add(3, 0, 4);
  EXPECT_EQ(series.min(), -2);
  EXPECT_EQ(series.max(), 4);
  EXPECT_EQ(series.last_step(), 3);
  EXPECT_EQ(series.next_step(), 4);
  EXPECT_THAT(series.from(2).step, ElementsAre(7, 3));
  EXPECT_THAT(series.from(9).step, ElementsAre());
}

// Each epoch counts from 0 again; a reader looks again and again while points come.
TEST(MetricSeries, StepsThatGoBackAreSortedInOnce) {
  constexpr std::int64_t kEpochs = 50;
  constexpr std::int64_t kSteps = 200;
  MetricSeries series;
  for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    for (std::int64_t step = 0; step < kSteps; ++step)
      series.add(step, epoch, static_cast<double>(epoch));
    const SeriesSlice slice = series.decimate(10, 12, 1'000'000);
    ASSERT_EQ(slice.step.size(), static_cast<std::size_t>(3 * (epoch + 1)));
    EXPECT_TRUE(std::is_sorted(slice.step.begin(), slice.step.end()));
    for (std::int64_t i = 0; i <= epoch; ++i)
      EXPECT_EQ(slice.time_us[static_cast<std::size_t>(i)], i);  // equal steps as they arrived
  }
  const std::uint64_t moves = series.index_moves();
  EXPECT_LE(moves, static_cast<std::uint64_t>(kEpochs * kEpochs * kSteps));
  for (int i = 0; i < 100; ++i) (void)series.decimate(0, kSteps, 100);
  EXPECT_EQ(series.index_moves(), moves);
  // One point at the end moves itself alone.
  series.add(kSteps, 0, 0);
  EXPECT_EQ(series.decimate(kSteps, kSteps, 10).step.size(), 1U);
  EXPECT_EQ(series.index_moves(), moves + 1);
}

TEST(MetricSeries, KnowsWhetherWhatIsNewIsInARange) {
  MetricSeries series;
  for (const std::int64_t step : {5, 9, 2}) series.add(step, 0, 0);
  EXPECT_TRUE(series.has_between(5, 5, 0));
  EXPECT_FALSE(series.has_between(5, 5, 1));
  EXPECT_TRUE(series.has_between(0, 2, 2));
  EXPECT_FALSE(series.has_between(INT64_MIN, INT64_MAX, 3));
}

TEST(MetricSeries, ANaNStaysAGap) {
  MetricSeries series;
  for (int i = 0; i < 100; ++i) series.add(i, i, i == 50 ? NAN : 1);
  const SeriesSlice slice = series.decimate(kMin, kMax, 1);
  EXPECT_THAT(slice.step, ElementsAre(0, 50, 99));
  EXPECT_TRUE(std::isnan(slice.value[1]));
}

}  // namespace
}  // namespace telltale::fold
