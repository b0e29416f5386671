// JobQueue: what telltale.jobs says, folded: jobs that wait, run and have ended, with their parts.
// Pure: no clock, no I/O; records that do not fit what is there change nothing. Owned by JobDesk,
// on its loop.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "jobs/job_limits.h"
#include "schema/job.pb.h"

namespace telltale::jobs {

using State = schema::Visualization::State;

// What a step of a run shows by itself stands in a job of this type. No worker ever gets it: it is
// done from the beginning, and what comes is added.
inline constexpr std::string_view kShownType = "show";

// What a worker has shown: the objects that hold it, one behind the other.
struct Part {
  struct Piece {
    std::string object;
    std::uint64_t bytes = 0;
  };
  std::string name;
  std::string content_type;
  std::vector<Piece> pieces;
  std::uint64_t bytes = 0;
  LogOffset changed{};
};

struct Job {
  std::string id;
  schema::JobWanted wanted;
  State state = schema::Visualization::QUEUED;
  std::uint32_t attempt = 0;
  std::string lease;  // the last one
  std::string worker;
  std::string message;
  std::int64_t created_at_us = 0;
  std::int64_t started_at_us = 0;
  std::int64_t finished_at_us = 0;
  schema::JobProgress progress;
  std::map<std::uint32_t, Part> parts;
  LogOffset since{};    // of the record that wanted it
  LogOffset changed{};  // of the last one that changed it

  bool ended() const { return state >= schema::Visualization::SUCCEEDED; }
  bool is_shown() const { return wanted.type() == kShownType; }
  bool holds(const std::string& object) const;
  std::size_t pieces() const;
  std::uint64_t output_bytes() const;
};

class JobQueue {
 public:
  // Records in the order of the log; one is applied once.
  void apply(const schema::JobEvent& event, LogOffset offset);

  const Job* find(const std::string& id) const;
  const Job* of_lease(const std::string& lease) const;
  // The newest one that did not fail, of these inputs.
  const Job* of_result(const std::string& result_key) const;
  // Those that wait, the next first: by turns between runs, those that have fewest running before
  // others; within a run in the order in which they were wanted.
  std::vector<const Job*> waiting() const;
  // By when they were wanted.
  const std::map<LogOffset, std::string>& all() const { return order_; }

  std::size_t open_jobs() const { return open_jobs_; }
  std::size_t open_bytes() const { return open_bytes_; }
  // Objects that no part names any more, since the last call.
  std::vector<std::string> take_dropped() { return std::exchange(dropped_, {}); }

 private:
  void want(const schema::JobEvent& event, LogOffset offset);
  bool change(Job& job, const schema::JobEvent& event, LogOffset offset);
  bool take_output(Job& job, const schema::JobOutput& output, LogOffset offset);
  bool take_shown(Job& job, const schema::JobOutput& output, LogOffset offset);
  void put(Job& job, std::uint32_t index, const schema::JobOutput& output, LogOffset offset);
  bool expire(Job& job, const schema::JobEvent& event);
  void end(Job& job, State state, std::string message, std::int64_t at_us);
  void drop_parts(Job& job);
  void forget_old();

  std::unordered_map<std::string, Job> jobs_;
  std::map<LogOffset, std::string> order_;
  std::map<LogOffset, std::string> ended_;  // by when they did
  std::unordered_map<std::string, std::string> by_lease_;
  std::unordered_map<std::string, std::string> by_result_;
  std::vector<std::string> dropped_;
  std::size_t open_jobs_ = 0;
  std::size_t open_bytes_ = 0;
  std::uint64_t ended_bytes_ = 0;
};

// What people are shown of a job; `position` 0: it does not wait.
schema::Visualization view_of(const Job& job, std::uint32_t position);

}  // namespace telltale::jobs
