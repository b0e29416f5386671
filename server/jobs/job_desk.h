// JobDesk: appends what happens to jobs, answers once it is folded here, and gives leases to
// workers that wait for them. Each server with the role serve has one; where two give out the same
// job, the first record counts. Owned by `main`, lives on serve's loop; never waits for a worker.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "jobs/job_queue.h"
#include "ports/alive.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::jobs {

// Told on the loop whenever jobs have changed.
class JobListener {
 public:
  virtual ~JobListener() = default;
  virtual void jobs_changed() = 0;
};

class JobDesk {
 public:
  // All outlive it.
  JobDesk(ports::Runtime& loop, ports::Log& log, ports::Store& store);

  // What the one partition of telltale.jobs holds, in order; `main` follows it.
  void apply(const std::vector<ports::StoredRecord>& records);
  // All that was there at the start has been applied: from now on leases are given and end.
  void start();

  const JobQueue& queue() const { return queue_; }
  // Answers once the record was applied here, which does not say that it changed anything.
  void append(schema::JobEvent event, UniqueFunction<void(Status)> done);
  // So many jobs at the most, with their leases; none when none came within that time.
  using Leases = std::vector<std::string>;
  void lease(std::string worker, std::size_t slots, std::int64_t wait_us,
             UniqueFunction<void(Result<Leases>)> done);
  // An object that no record names.
  void drop_object(const std::string& key);

  // Whether a record said so lately that another one would tell nothing new.
  bool heard_lately(const std::string& lease) const;

  void add(JobListener& listener) { listeners_.insert(&listener); }
  void remove(JobListener& listener) { listeners_.erase(&listener); }

 private:
  struct Waiting {
    std::string worker;
    std::size_t slots = 0;
    std::int64_t until_us = 0;
    UniqueFunction<void(Result<Leases>)> done;
  };
  using Applied = UniqueFunction<void(Status)>;

  void append_all(std::vector<schema::JobEvent> events, Applied done);
  void appended(Result<ports::Appended> where, Applied done);
  void hand_out();
  void give(Waiting waiting, const std::vector<std::string>& jobs);
  void look();

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::Store& store_;
  JobQueue queue_;
  LogOffset next_{};  // of the record to be applied
  LogOffset forgotten_{};
  std::multimap<LogOffset, Applied> until_applied_;
  std::map<std::string, std::int64_t> heard_us_;  // by lease, of those that run
  std::deque<Waiting> waiting_;
  std::set<std::string> giving_;  // jobs whose lease is on its way to the log
  std::set<std::string> expiring_;
  std::set<JobListener*> listeners_;
  bool started_ = false;
  bool looking_ = false;  // it will look again
  ports::Alive alive_;
};

}  // namespace telltale::jobs
