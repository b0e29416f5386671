#include "jobs/job_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace telltale::jobs {
namespace {

using schema::JobEvent;
using schema::Visualization;

std::size_t bytes_of(const schema::JobWanted& wanted) { return wanted.ByteSizeLong() + 512; }

}  // namespace

std::size_t Job::pieces() const {
  std::size_t count = 0;
  for (const auto& [index, part] : parts) count += part.pieces.size();
  return count;
}

std::uint64_t Job::output_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [index, part] : parts) bytes += part.bytes;
  return bytes;
}

bool Job::holds(const std::string& object) const {
  for (const auto& [index, part] : parts) {
    for (const Part::Piece& piece : part.pieces) {
      if (piece.object == object) return true;
    }
  }
  return false;
}

void JobQueue::apply(const JobEvent& event, LogOffset offset) {
  const auto found = jobs_.find(event.job());
  if (event.kind_case() == JobEvent::kWanted) {
    if (found == jobs_.end()) want(event, offset);
    return;
  }
  const std::uint64_t before =
      found == jobs_.end() || !found->second.ended() ? 0 : found->second.output_bytes();
  const bool changed = found != jobs_.end() && change(found->second, event, offset);
  if (changed) {
    Job& job = found->second;
    if (job.ended()) {
      ended_.erase(job.changed);  // it is as new as its last change
      ended_[offset] = event.job();
      ended_bytes_ += job.output_bytes() - before;
    }
    job.changed = offset;
    if (job.ended()) forget_old();
  } else if (event.has_output() &&
             (found == jobs_.end() || !found->second.holds(event.output().object()))) {
    dropped_.push_back(event.output().object());
  }
}

void JobQueue::want(const JobEvent& event, LogOffset offset) {
  Job& job = jobs_[event.job()];
  job.id = event.job();
  job.wanted = event.wanted();
  job.created_at_us = event.happened_at_us();
  job.since = job.changed = offset;
  order_[offset] = job.id;
  if (job.is_shown()) {
    job.state = Visualization::SUCCEEDED;
    job.started_at_us = job.finished_at_us = job.created_at_us;
    ended_[offset] = job.id;
    forget_old();
    return;
  }
  by_result_[job.wanted.result_key()] = job.id;
  ++open_jobs_;
  open_bytes_ += bytes_of(job.wanted);
}

bool JobQueue::change(Job& job, const JobEvent& event, LogOffset offset) {
  if (job.is_shown()) return event.has_output() && take_shown(job, event.output(), offset);
  if (job.ended()) return false;
  switch (event.kind_case()) {
    case JobEvent::kLeased:
      if (job.state != Visualization::QUEUED) return false;
      job.state = Visualization::RUNNING;
      ++job.attempt;
      job.lease = event.leased().lease();
      job.worker = event.leased().worker();
      if (job.started_at_us == 0) job.started_at_us = event.happened_at_us();
      by_lease_[job.lease] = job.id;
      return true;
    case JobEvent::kBeat:
      if (event.beat().lease() != job.lease || job.state != Visualization::RUNNING) return false;
      if (event.beat().has_progress()) job.progress = event.beat().progress();
      return true;
    case JobEvent::kOutput: return take_output(job, event.output(), offset);
    case JobEvent::kDone:
      if (event.done().lease() != job.lease || job.state != Visualization::RUNNING) return false;
      end(job, event.done().succeeded() ? Visualization::SUCCEEDED : Visualization::FAILED,
          event.done().message(), event.happened_at_us());
      return true;
    case JobEvent::kExpired: return expire(job, event);
    case JobEvent::kCancelled:
      end(job, Visualization::CANCELLED, "", event.happened_at_us());
      return true;
    default: return false;
  }
}

bool JobQueue::take_output(Job& job, const schema::JobOutput& output, LogOffset offset) {
  if (output.lease() != job.lease || job.state != Visualization::RUNNING) return false;
  if (output.index() >= kParts || job.pieces() >= kPieces) return false;
  put(job, output.index(), output, offset);
  return true;
}

// A name has one place; what has none gets the next. What was told twice is there once.
bool JobQueue::take_shown(Job& job, const schema::JobOutput& output, LogOffset offset) {
  if (job.holds(output.object())) return false;
  std::uint32_t index = job.parts.empty() ? 0 : job.parts.rbegin()->first + 1;
  for (const auto& [known, part] : job.parts) {
    if (!output.name().empty() && part.name == output.name()) index = known;
  }
  if (index >= kParts) return false;
  put(job, index, output, offset);
  return true;
}

void JobQueue::put(Job& job, std::uint32_t index, const schema::JobOutput& output,
                   LogOffset offset) {
  Part& part = job.parts[index];
  if (!output.append()) {
    for (const Part::Piece& piece : part.pieces) dropped_.push_back(piece.object);
    part = {};
  }
  part.name = output.name();
  part.content_type = output.content_type();
  part.pieces.push_back({output.object(), output.bytes()});
  part.bytes += output.bytes();
  part.changed = offset;
}

bool JobQueue::expire(Job& job, const JobEvent& event) {
  if (event.expired().lease() != job.lease || job.state != Visualization::RUNNING) return false;
  if (job.attempt >= kAttempts) {
    end(job, Visualization::FAILED,
        fmt::format("Its worker was lost {} times; the last one was {}.", job.attempt, job.worker),
        event.happened_at_us());
    return true;
  }
  by_lease_.erase(job.lease);
  job.lease.clear();
  job.state = Visualization::QUEUED;
  job.progress.Clear();
  drop_parts(job);
  return true;
}

void JobQueue::end(Job& job, State state, std::string message, std::int64_t at_us) {
  job.state = state;
  job.message = std::move(message);
  job.finished_at_us = at_us;
  --open_jobs_;
  open_bytes_ -= bytes_of(job.wanted);
  const auto result = by_result_.find(job.wanted.result_key());
  if (state != Visualization::SUCCEEDED && result != by_result_.end() && result->second == job.id)
    by_result_.erase(result);
}

void JobQueue::drop_parts(Job& job) {
  for (const auto& [index, part] : job.parts) {
    for (const Part::Piece& piece : part.pieces) dropped_.push_back(piece.object);
  }
  job.parts.clear();
}

void JobQueue::forget_old() {
  while (ended_.size() > kEndedJobs || (ended_bytes_ > kEndedBytes && ended_.size() > 1)) {
    Job& job = jobs_.at(ended_.begin()->second);
    ended_bytes_ -= job.output_bytes();
    drop_parts(job);
    by_lease_.erase(job.lease);
    const auto result = by_result_.find(job.wanted.result_key());
    if (result != by_result_.end() && result->second == job.id) by_result_.erase(result);
    order_.erase(job.since);
    jobs_.erase(ended_.begin()->second);
    ended_.erase(ended_.begin());
  }
}

const Job* JobQueue::find(const std::string& id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

const Job* JobQueue::of_lease(const std::string& lease) const {
  const auto found = by_lease_.find(lease);
  return found == by_lease_.end() ? nullptr : find(found->second);
}

const Job* JobQueue::of_result(const std::string& result_key) const {
  const auto found = by_result_.find(result_key);
  return found == by_result_.end() ? nullptr : find(found->second);
}

std::vector<const Job*> JobQueue::waiting() const {
  if (open_jobs_ == 0) return {};
  std::unordered_map<std::string, std::size_t> before;  // of that run
  for (const auto& [since, id] : order_) {
    const Job& job = jobs_.at(id);
    if (job.state == Visualization::RUNNING) ++before[job.wanted.run_key()];
  }
  std::vector<std::tuple<std::size_t, LogOffset, const Job*>> turns;
  for (const auto& [since, id] : order_) {
    const Job& job = jobs_.at(id);
    if (job.state == Visualization::QUEUED)
      turns.emplace_back(before[job.wanted.run_key()]++, since, &job);
  }
  std::sort(turns.begin(), turns.end());
  std::vector<const Job*> jobs;
  jobs.reserve(turns.size());
  for (const auto& [turn, since, job] : turns) jobs.push_back(job);
  return jobs;
}

schema::Visualization view_of(const Job& job, std::uint32_t position) {
  Visualization view;
  view.set_id(job.id);
  view.set_type(job.wanted.type());
  view.set_state(job.state);
  view.set_position(position);
  view.set_attempt(job.attempt);
  view.set_message(job.message);
  view.set_created_at_us(job.created_at_us);
  view.set_started_at_us(job.started_at_us);
  view.set_finished_at_us(job.finished_at_us);
  view.set_run_key(job.wanted.run_key());
  view.set_task_id(job.wanted.task_id());
  view.set_source(job.wanted.source());
  if (job.progress.ByteSizeLong() > 0) *view.mutable_progress() = job.progress;
  for (const auto& [index, part] : job.parts) {
    Visualization::Part& shown = *view.add_parts();
    shown.set_index(index);
    shown.set_name(part.name);
    shown.set_content_type(part.content_type);
    shown.set_bytes(part.bytes);
    shown.set_url(fmt::format("/api/v1/visualizations/{}/parts/{}?version={}", job.id, index,
                              to_number(part.changed)));
  }
  return view;
}

}  // namespace telltale::jobs
