// MetricSeries: every point of one metric, in columns, and exact decimation for a chart of so many
// pixel columns. Part of a run's folded state; lives on the loop of its RunView. Never drops,
// averages or reorders a point: the columns are in the order of arrival.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace telltale::fold {

// Columns of equal length, by ascending step (equal steps in order of arrival).
struct SeriesSlice {
  std::vector<std::int64_t> step;
  std::vector<std::int64_t> time_us;
  std::vector<double> value;
  std::uint64_t total = 0;  // points of the whole series
  bool decimated = false;   // first, last, min and max of each pixel column instead of every point
};

class MetricSeries {
 public:
  void add(std::int64_t step, std::int64_t time_us, double value);
  void reserve(std::size_t points);

  std::size_t size() const { return step_.size(); }
  // What it takes in memory: three columns, and a third more for the room in which they grow.
  std::size_t bytes() const { return size() * 32; }
  const std::vector<std::int64_t>& step() const { return step_; }
  const std::vector<std::int64_t>& time_us() const { return time_us_; }
  const std::vector<double>& value() const { return value_; }
  // Of finite values; NaN when there is none.
  double min() const { return min_; }
  double max() const { return max_; }
  // Of the point that arrived last. Not on an empty series.
  std::int64_t last_step() const { return step_.back(); }
  std::int64_t last_time_us() const { return time_us_.back(); }
  double last_value() const { return value_.back(); }
  // The step after the last one; 0 for the first.
  std::int64_t next_step() const;

  // Points with from_step <= step <= to_step. At most 4 * columns of them are returned as they are;
  // of more, the range of steps is cut in `columns` equally wide pixel columns and of each its
  // first, last, lowest and highest point is kept, and one NaN if it has any, so that a gap stays a
  // gap. Infinities count as lowest and highest. The smallest and largest possible step stand for
  // the ends of the data. `columns` of 0 counts as 1.
  SeriesSlice decimate(std::int64_t from_step, std::int64_t to_step, std::size_t columns) const;
  // Points from the `first`-th to arrive on, as they are, for readers that hold the others.
  SeriesSlice from(std::size_t first) const;
  // Whether one of those has a step in the range.
  bool has_between(std::int64_t from_step, std::int64_t to_step, std::size_t first) const;
  // Places written to keep points by step, by all reads together: none while steps only go up.
  std::uint64_t index_moves() const { return index_moves_; }

 private:
  class Cut;
  std::vector<std::int64_t> step_;
  std::vector<std::int64_t> time_us_;
  std::vector<double> value_;
  double min_ = std::numeric_limits<double>::quiet_NaN();
  double max_ = std::numeric_limits<double>::quiet_NaN();
  bool ascending_ = true;  // step_ never went down

  void index() const;
  // Once it did: points by step, equal ones in order of arrival. What came since the last read is
  // sorted in by the next one, and no reader pays for the others again.
  mutable std::vector<std::uint32_t> by_step_;
  mutable std::uint64_t index_moves_ = 0;
};

}  // namespace telltale::fold
