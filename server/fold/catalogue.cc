#include "fold/catalogue.h"

#include "base/check.h"
#include "schema/view.pb.h"

namespace telltale::fold {
namespace {

// Without a word for so long, a run that runs may have lost its process.
constexpr std::int64_t kSilentUs = 30'000'000;
// A failure of before is no news.
constexpr std::int64_t kRecentUs = 86'400'000'000;

State state_of(const schema::RunSummary& summary) {
  return to_state(static_cast<int>(summary.state()));
}

// Events may tell of any time.
std::int64_t later(std::int64_t time_us, std::int64_t by_us) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(time_us, by_us, &sum) ? INT64_MAX : sum;
}

}  // namespace

bool Catalogue::advance(LogOffset offset) {
  if (to_number(offset) < end_) return false;
  end_ = to_number(offset) + 1;
  return true;
}

bool Catalogue::apply(LogOffset offset, const schema::RunSummary& summary) {
  if (!advance(offset)) return false;
  const auto [found, is_new] = entries_.try_emplace(summary.run_key());
  Entry& entry = found->second;
  const Entry before = entry;
  const std::string pipeline = pipeline_of(summary);
  const std::optional<RunPlace> newest = newest_ended(pipeline);
  std::string pipeline_before = pipeline;
  std::optional<RunPlace> newest_before = newest;
  if (!is_new) {
    const schema::RunSummary& known = *before.summary;
    if (summary.position() < known.position()) return false;
    if (summary.position() == known.position() &&
        summary.SerializeAsString() == known.SerializeAsString())
      return false;
    pipeline_before = pipeline_of(known);
    newest_before = newest_ended(pipeline_before);
    unlink(before);
  }
  entry = {};
  entry.summary = std::make_shared<const schema::RunSummary>(summary);
  link(entry);
  judge(entry);
  tell_windows(is_new ? nullptr : &before, &entry);
  settle(pipeline, newest);
  if (pipeline_before != pipeline) settle(pipeline_before, newest_before);
  ++version_;
  return true;
}

bool Catalogue::remove(LogOffset offset, const RunKey& key) {
  if (!advance(offset)) return false;
  const auto found = entries_.find(key.text());
  if (found == entries_.end()) return false;
  const Entry entry = found->second;
  const std::string pipeline = pipeline_of(*entry.summary);
  const std::optional<RunPlace> newest_before = newest_ended(pipeline);
  unlink(entry);
  entries_.erase(found);
  tell_windows(&entry, nullptr);
  settle(pipeline, newest_before);
  ++version_;
  return true;
}

void Catalogue::link(const Entry& entry) {
  const schema::RunSummary& summary = *entry.summary;
  by_state_[static_cast<std::size_t>(state_of(summary))][place_of(summary)] = &entry;
  if (has_ended(state_of(summary))) pipelines_[pipeline_of(summary)].add(entry.summary);
}

void Catalogue::unlink(const Entry& entry) {
  const schema::RunSummary& summary = *entry.summary;
  by_state_[static_cast<std::size_t>(state_of(summary))].erase(place_of(summary));
  if (entry.changes_at_us != 0) changes_.erase({entry.changes_at_us, summary.run_key()});
  if (!has_ended(state_of(summary))) return;
  const auto pipeline = pipelines_.find(pipeline_of(summary));
  CHECK(pipeline != pipelines_.end(), "an ended run without a pipeline");
  pipeline->second.remove(summary);
  if (pipeline->second.newest() == nullptr) pipelines_.erase(pipeline);
}

std::optional<RunPlace> Catalogue::newest_ended(const std::string& pipeline) const {
  const auto found = pipelines_.find(pipeline);
  if (found == pipelines_.end()) return std::nullopt;
  return *found->second.newest();
}

// A failure that a later run of the same pipeline has mended, or repeated, is over.
bool Catalogue::judge(Entry& entry) {
  const schema::RunSummary& summary = *entry.summary;
  const State state = state_of(summary);
  const bool before = entry.attention;
  std::int64_t changes_at_us = 0;
  entry.attention = state == State::suspended || state == State::unknown;
  if (state == State::running) {
    const std::int64_t silent_at_us = later(summary.last_event_at_us(), kSilentUs);
    entry.attention = silent_at_us <= to_number(now_);
    if (!entry.attention) changes_at_us = silent_at_us;
  } else if (state == State::failed && newest_ended(pipeline_of(summary)) == place_of(summary)) {
    const std::int64_t old_at_us = later(summary.last_event_at_us(), kRecentUs);
    entry.attention = old_at_us > to_number(now_);
    if (entry.attention) changes_at_us = old_at_us;
  }
  if (entry.changes_at_us != 0) changes_.erase({entry.changes_at_us, summary.run_key()});
  if (changes_at_us != 0) changes_.insert({changes_at_us, summary.run_key()});
  entry.changes_at_us = changes_at_us;
  return entry.attention != before;
}

void Catalogue::judge_again(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  const ListedRun before = found->second;
  if (!judge(found->second)) return;
  tell_windows(&before, &found->second);
  ++version_;
}

void Catalogue::settle(const std::string& pipeline, const std::optional<RunPlace>& newest_before) {
  const std::optional<RunPlace> newest = newest_ended(pipeline);
  if (newest == newest_before) return;
  if (newest_before) judge_again(newest_before->second);
  if (newest) judge_again(newest->second);
}

bool Catalogue::look_at(EpochUs now) {
  now_ = now;
  const std::uint64_t before = version_;
  while (!changes_.empty() && changes_.begin()->first <= to_number(now)) {
    const auto due = *changes_.begin();
    judge_again(due.second);
    CHECK(changes_.empty() || *changes_.begin() != due, "{} is due again", due.first);
  }
  return version_ != before;
}

std::optional<EpochUs> Catalogue::next_look() const {
  if (changes_.empty()) return std::nullopt;
  return EpochUs{changes_.begin()->first};
}

SummaryPtr Catalogue::find(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second.summary;
}

schema::RunSummary Catalogue::with_history(const schema::RunSummary& summary) const {
  schema::RunSummary out = summary;
  const auto pipeline = pipelines_.find(pipeline_of(summary));
  if (pipeline == pipelines_.end()) return out;
  if (const auto& usual = pipeline->second.usual()) *out.mutable_usual() = *usual;
  if (const auto metric = pipeline->second.metric_before(summary))
    out.set_last_main_metric(*metric);
  return out;
}

}  // namespace telltale::fold
