#include "jobs/job_desk.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/secret.h"
#include "ports/jobs_topic.h"

namespace telltale::jobs {
namespace {

using schema::JobEvent;
using schema::Visualization;

constexpr std::uint64_t kForgetEvery = 1'000;  // records

}  // namespace

JobDesk::JobDesk(ports::Runtime& loop, ports::Log& log, ports::Store& store)
    : loop_(loop), log_(log), store_(store) {}

void JobDesk::apply(const std::vector<ports::StoredRecord>& records) {
  if (records.empty()) return;
  for (const ports::StoredRecord& stored : records) {
    next_ = next(stored.offset);
    JobEvent event;
    if (!event.ParseFromString(stored.record.value)) continue;  // of a later version
    queue_.apply(event, stored.offset);
    const Job* job = queue_.find(event.job());
    if (job != nullptr && job->changed == stored.offset && !job->lease.empty())
      heard_us_[job->lease] = loop_.steady_us();
  }
  const std::vector<std::string> dropped = queue_.take_dropped();
  // Of what was dropped before the start another process, or this one before, has seen to it.
  if (started_) std::for_each(dropped.begin(), dropped.end(), [&](auto& key) { drop_object(key); });
  while (!until_applied_.empty() && until_applied_.begin()->first < next_) {
    Applied done = std::move(until_applied_.begin()->second);
    until_applied_.erase(until_applied_.begin());
    done(Done{});
  }
  hand_out();
  for (JobListener* listener : std::set<JobListener*>(listeners_)) {
    if (listeners_.count(listener) > 0) listener->jobs_changed();
  }
}

void JobDesk::start() {
  started_ = true;
  look();
}

void JobDesk::append(JobEvent event, Applied done) {
  std::vector<JobEvent> events;
  events.push_back(std::move(event));
  append_all(std::move(events), std::move(done));
}

void JobDesk::append_all(std::vector<JobEvent> events, Applied done) {
  std::vector<ports::Record> records;
  for (JobEvent& event : events) {
    const std::int64_t now_us = to_number(loop_.now());
    event.set_happened_at_us(now_us);
    records.push_back({event.job(), event.SerializeAsString(), now_us});
  }
  auto answered = [this, done = std::move(done)](Result<ports::Appended> where) mutable {
    appended(std::move(where), std::move(done));
  };
  log_.append(ports::kJobsTopic, std::move(records),
              alive_.answer<Result<ports::Appended>>(loop_, std::move(answered)));
}

void JobDesk::appended(Result<ports::Appended> where, Applied done) {
  if (!where.ok()) {
    done(where.error());
    return;
  }
  const LogOffset last = where->places.back().offset;
  if (last < next_) {
    done(Done{});
  } else {
    until_applied_.emplace(last, std::move(done));
  }
}

void JobDesk::lease(std::string worker, std::size_t slots, std::int64_t wait_us,
                    UniqueFunction<void(Result<Leases>)> done) {
  if (waiting_.size() >= kWaitingWorkers) {
    done(Error{ErrorCode::too_many_requests, "As many workers wait for jobs as may."});
    return;
  }
  const std::int64_t until_us = loop_.steady_us() + wait_us;
  waiting_.push_back({std::move(worker), slots, until_us, std::move(done)});
  hand_out();
  if (wait_us <= 0) look();
}

void JobDesk::hand_out() {
  if (!started_ || waiting_.empty()) return;
  std::vector<std::string> free;
  for (const Job* job : queue_.waiting()) {
    if (giving_.count(job->id) == 0) free.push_back(job->id);
  }
  std::size_t from = 0;
  while (!waiting_.empty() && from < free.size()) {
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    const std::size_t count = std::min(waiting.slots, free.size() - from);
    const auto begin = free.begin() + static_cast<std::ptrdiff_t>(from);
    from += count;
    give(std::move(waiting), {begin, begin + static_cast<std::ptrdiff_t>(count)});
  }
}

void JobDesk::give(Waiting waiting, const std::vector<std::string>& jobs) {
  std::vector<JobEvent> events;
  for (const std::string& id : jobs) {
    JobEvent& event = events.emplace_back();
    event.set_job(id);
    event.mutable_leased()->set_lease(make_secret());
    event.mutable_leased()->set_worker(waiting.worker);
    giving_.insert(id);
  }
  Leases wanted;
  for (const JobEvent& event : events) wanted.push_back(event.leased().lease());
  auto applied = [this, jobs, wanted = std::move(wanted),
                  waiting = std::move(waiting)](Status status) mutable {
    for (const std::string& id : jobs) giving_.erase(id);
    if (!status.ok()) {
      waiting.done(status.error());
      return;
    }
    std::erase_if(wanted, [&](const auto& lease) { return queue_.of_lease(lease) == nullptr; });
    if (wanted.empty() && loop_.steady_us() < waiting.until_us) {
      waiting_.push_front(std::move(waiting));  // another server was first
    } else {
      waiting.done(std::move(wanted));
    }
  };
  append_all(std::move(events), std::move(applied));
}

bool JobDesk::heard_lately(const std::string& lease) const {
  const auto heard = heard_us_.find(lease);
  return heard != heard_us_.end() && loop_.steady_us() - heard->second < kBeatUs;
}

// What time alone brings: leases without a beat, workers that waited long enough.
void JobDesk::look() {
  const std::int64_t now_us = loop_.steady_us();
  for (auto heard = heard_us_.begin(); heard != heard_us_.end();) {
    const std::string lease = heard->first;
    const Job* job = queue_.of_lease(lease);
    if (job == nullptr || job->lease != lease || job->state != Visualization::RUNNING) {
      heard = heard_us_.erase(heard);
      continue;
    }
    if (now_us - heard->second > kLeaseUs && expiring_.insert(lease).second) {
      JobEvent event;
      event.set_job(job->id);
      event.mutable_expired()->set_lease(lease);
      append(std::move(event), [this, lease](Status) { expiring_.erase(lease); });
    }
    ++heard;
  }
  std::vector<Waiting> over;
  for (auto& waiting : waiting_) {
    if (now_us >= waiting.until_us) over.push_back(std::move(waiting));
  }
  std::erase_if(waiting_, [](const Waiting& waiting) { return !waiting.done; });
  for (Waiting& waiting : over) waiting.done(Leases{});
  const LogOffset oldest = queue_.all().empty() ? next_ : queue_.all().begin()->first;
  if (to_number(oldest) >= to_number(forgotten_) + kForgetEvery) {
    forgotten_ = oldest;
    log_.forget({ports::kJobsTopic, 0}, oldest, {loop_, [](Status) {}});
  }
  if (started_ && !std::exchange(looking_, true)) {
    loop_.post_after(kLookUs, alive_.task([this] {
      looking_ = false;
      look();
    }));
  }
}

void JobDesk::drop_object(const std::string& key) {
  store_.remove(key, {loop_, [](Status) {}});  // what stays is of no harm but its size
}

}  // namespace telltale::jobs
