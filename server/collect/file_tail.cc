#include "collect/file_tail.h"

#include "base/ids.h"

namespace telltale::collect {

Result<ports::SourceBatch> FileTail::read(const std::string& from,
                                          const ports::SourceLimits& limits) {
  const std::optional<LinePlace> start = LinePlace::parse(from);
  if (!start) return ports::source_expired();
  ports::SourceBatch batch;
  batch.position = from;
  if (!file_) {
    auto opened = LineFile::open(path_);
    if (!opened.ok()) return opened.error();
    file_ = opened.take();
    if (!file_) return batch;
  }
  const Result<bool> continues = file_->continues(*start);
  if (!continues.ok() || !*continues) {
    file_.reset();  // the next read looks at what stands at the path
    if (!continues.ok()) return continues.error();
    return ports::source_expired();
  }
  // Asked before the lines are read: what the file got until it was replaced is among them.
  const bool replaced = file_->is_replaced_at(path_);
  LinePlace place = *start;
  Status taken = take(place, limits, false, batch);
  if (taken.ok() && replaced && place == *start)
    taken = take_from_replacement(place, limits, batch);
  if (!taken.ok()) return taken.error();
  if (place != *start) batch.position = place.text();
  return batch;
}

Status FileTail::take(LinePlace& place, const ports::SourceLimits& limits, bool to_end,
                      ports::SourceBatch& batch) {
  Result<std::vector<Line>> lines = file_->take_lines(place, limits, to_end);
  if (!lines.ok()) return lines.error();
  for (Line& line : *lines) {
    batch.items.push_back(
        {hash_id({name_, std::to_string(line.offset), std::to_string(line.size), line.bytes}),
         std::move(line.bytes), line.size});
  }
  return Done{};
}

Status FileTail::take_from_replacement(LinePlace& place, const ports::SourceLimits& limits,
                                       ports::SourceBatch& batch) {
  auto opened = LineFile::open(path_);
  if (!opened.ok()) return opened.error();
  if (!*opened) return Done{};
  const Result<bool> continues = (*opened)->continues(place);
  if (!continues.ok()) return continues.error();
  if (!*continues) {
    // A last line of the old file that has no end will get none.
    const LinePlace before = place;
    const Status taken = take(place, limits, true, batch);
    if (!taken.ok() || place != before) return taken;
    place = {};
  }
  file_ = opened.take();
  return take(place, limits, false, batch);
}

}  // namespace telltale::collect
