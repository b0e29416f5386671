#include "fold/metric_series.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace telltale::fold {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

// What is kept of one pixel column, as numbers of its points; kNone = there is none.
struct Column {
  std::size_t first = kNone;
  std::size_t last = kNone;
  std::size_t lowest = kNone;
  std::size_t highest = kNone;
  std::size_t gap = kNone;  // first NaN
  double low = 0;
  double high = 0;
};

// The range of steps [from, to] in `columns` equally wide parts. Exact also where a column is no
// whole number of steps wide; 128 bits, because the range may hold all 2^64 steps.
class Grid {
 public:
  Grid(std::int64_t from, std::int64_t to, std::size_t columns)
      : from_(static_cast<std::uint64_t>(from)),
        steps_(Wide{static_cast<std::uint64_t>(to) - from_} + 1),
        columns_(columns) {}

  // How far from `from`, so that steps compare as unsigned numbers.
  std::uint64_t distance(std::int64_t step) const {
    return static_cast<std::uint64_t>(step) - from_;
  }
  // Distance of the last step of the column that holds the step at `distance`.
  std::uint64_t column_end(std::uint64_t distance) const {
    const Wide column = Wide{distance} * columns_ / steps_;
    const Wide next = ((column + 1) * steps_ + columns_ - 1) / columns_;
    return static_cast<std::uint64_t>(next - 1);
  }

 private:
  using Wide = unsigned __int128;
  std::uint64_t from_;
  Wide steps_;
  Wide columns_;
};

}  // namespace

void MetricSeries::add(std::int64_t step, std::int64_t time_us, double value) {
  if (!step_.empty() && step < step_.back()) ascending_ = false;
  step_.push_back(step);
  time_us_.push_back(time_us);
  value_.push_back(value);
  if (!std::isfinite(value)) return;
  if (!(value >= min_)) min_ = value;
  if (!(value <= max_)) max_ = value;
}

void MetricSeries::reserve(std::size_t points) {
  step_.reserve(points);
  time_us_.reserve(points);
  value_.reserve(points);
}

std::int64_t MetricSeries::next_step() const {
  if (step_.empty()) return 0;
  return step_.back() == std::numeric_limits<std::int64_t>::max() ? step_.back() : step_.back() + 1;
}

SeriesSlice MetricSeries::from(std::size_t first) const {
  const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(std::min(first, size()));
  SeriesSlice slice;
  slice.step.assign(step_.begin() + at, step_.end());
  slice.time_us.assign(time_us_.begin() + at, time_us_.end());
  slice.value.assign(value_.begin() + at, value_.end());
  slice.total = size();
  return slice;
}

bool MetricSeries::has_between(std::int64_t from_step, std::int64_t to_step,
                               std::size_t first) const {
  const auto begin = step_.begin() + static_cast<std::ptrdiff_t>(std::min(first, size()));
  return std::any_of(begin, step_.end(),
                     [=](std::int64_t step) { return step >= from_step && step <= to_step; });
}

void MetricSeries::index() const {
  const std::size_t known = by_step_.size();
  if (known == size()) return;
  for (std::size_t i = known; i < size(); ++i) by_step_.push_back(static_cast<std::uint32_t>(i));
  const auto before = [this](std::uint32_t a, std::uint32_t b) { return step_[a] < step_[b]; };
  const auto middle = by_step_.begin() + static_cast<std::ptrdiff_t>(known);
  std::stable_sort(middle, by_step_.end(), before);
  // What stands before all that is new stays.
  const auto begin = std::upper_bound(by_step_.begin(), middle, *middle, before);
  index_moves_ += static_cast<std::uint64_t>(by_step_.end() - begin);
  std::inplace_merge(begin, middle, by_step_.end(), before);
}

// The points at `places` (of ascending steps), all of them or what `columns` leave to see.
class MetricSeries::Cut {
 public:
  explicit Cut(const MetricSeries& series) : series_(series) { slice_.total = series.size(); }

  // `place(i)` is the place of the i-th of `count` points. A template so that the common case,
  // places that simply count up, is a plain scan of the columns.
  template <typename Place>
  SeriesSlice take(std::size_t count, Place place, Grid grid, std::size_t columns) {
    slice_.decimated = count > 4 * columns;
    if (!slice_.decimated) {
      for (std::size_t i = 0; i < count; ++i) keep(place(i));
      return std::move(slice_);
    }
    std::size_t i = 0;
    while (i < count) {
      const std::uint64_t end = grid.column_end(grid.distance(series_.step_[place(i)]));
      Column column;
      for (; i < count && grid.distance(series_.step_[place(i)]) <= end; ++i)
        note(column, i, place);
      keep_column(column, place);
    }
    return std::move(slice_);
  }

 private:
  template <typename Place>
  void note(Column& column, std::size_t i, Place place) {
    const double value = series_.value_[place(i)];
    if (column.first == kNone) column.first = i;
    column.last = i;
    if (std::isnan(value)) {
      if (column.gap == kNone) column.gap = i;
      return;
    }
    if (column.lowest == kNone || value < column.low) {
      column.lowest = i;
      column.low = value;
    }
    if (column.highest == kNone || value > column.high) {
      column.highest = i;
      column.high = value;
    }
  }

  template <typename Place>
  void keep_column(const Column& column, Place place) {
    std::array<std::size_t, 5> kept = {column.first, column.lowest, column.highest, column.gap,
                                       column.last};
    std::sort(kept.begin(), kept.end());
    std::size_t before = kNone;
    for (const std::size_t i : kept) {
      if (i == kNone || i == before) continue;
      keep(place(i));
      before = i;
    }
  }

  void keep(std::size_t place) {
    slice_.step.push_back(series_.step_[place]);
    slice_.time_us.push_back(series_.time_us_[place]);
    slice_.value.push_back(series_.value_[place]);
  }

  const MetricSeries& series_;
  SeriesSlice slice_;
};

SeriesSlice MetricSeries::decimate(std::int64_t from_step, std::int64_t to_step,
                                   std::size_t columns) const {
  columns = std::max<std::size_t>(columns, 1);
  Cut cut(*this);
  if (step_.empty() || from_step > to_step)
    return cut.take(
        0, [](std::size_t i) { return i; }, {0, 0, 1}, 1);
  if (!ascending_) index();
  // "From the start" and "to the end" mean those of the data, not of all numbers.
  const std::int64_t low = step_[ascending_ ? 0 : by_step_.front()];
  const std::int64_t high = step_[ascending_ ? size() - 1 : by_step_.back()];
  const Grid grid(from_step == std::numeric_limits<std::int64_t>::min() ? low : from_step,
                  to_step == std::numeric_limits<std::int64_t>::max() ? high : to_step, columns);
  if (ascending_) {
    const auto begin = std::lower_bound(step_.begin(), step_.end(), from_step);
    const auto end = std::upper_bound(begin, step_.end(), to_step);
    const std::size_t first = static_cast<std::size_t>(begin - step_.begin());
    return cut.take(
        static_cast<std::size_t>(end - begin), [first](std::size_t i) { return first + i; }, grid,
        columns);
  }
  const auto step_of = [this](std::uint32_t place) { return step_[place]; };
  const auto begin = std::ranges::lower_bound(by_step_, from_step, {}, step_of);
  const auto end = std::ranges::upper_bound(by_step_, to_step, {}, step_of);
  return cut.take(
      static_cast<std::size_t>(end - begin),
      [begin](std::size_t i) { return begin[static_cast<std::ptrdiff_t>(i)]; }, grid, columns);
}

}  // namespace telltale::fold
