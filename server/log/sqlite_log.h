// SqliteLog: the log of one machine, a SQLite file in a folder (WAL, synchronous=FULL). One thread
// writes: whatever waits is committed together, so many small appends cost one fsync. Another
// thread reads what is no longer in memory. Any thread may call; answers are posted home. Owned by
// `main`. One process at a time: a lock file says who.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "ports/jobs_topic.h"
#include "ports/log.h"

namespace telltale::log {

struct SqliteLogOptions {
  std::string directory;  // made if missing
  std::map<std::string, int> topics = {{ports::kEventsTopic, 1},
                                       {ports::kRunsTopic, 1},
                                       {ports::kSourcesTopic, 1},
                                       {ports::kJobsTopic, 1}};
  // Of these only the newest record of each key is kept.
  std::set<std::string> compacted_topics = {ports::kRunsTopic, ports::kSourcesTopic};
  // The file grows no further than this many pages of 16 KiB: then appends answer storage_full, as
  // on a full disk. 0: as far as the disk goes.
  std::int64_t size_limit_pages = 0;
  // A partition that ends before this goes on from there: of a log that was lost, or is older than
  // the store that has what was in it.
  std::map<ports::Partition, LogOffset> start_at = {};
};

class SqliteLog final : public ports::Log {
 public:
  // unavailable: another process uses the folder. corrupt: the file is no log of ours.
  static Result<std::unique_ptr<SqliteLog>> open(SqliteLogOptions options);
  ~SqliteLog() override;

  void append(std::string topic, std::vector<ports::Record> records,
              ports::Completion<Result<ports::Appended>> done) override;
  void read(ports::Partition partition, LogOffset from, ports::ReadLimits limits,
            ports::Completion<Result<std::vector<ports::StoredRecord>>> done) override;
  void bounds(ports::Partition partition, ports::Completion<Result<ports::Bounds>> done) override;
  void commit(std::string group, ports::Partition partition, LogOffset next,
              ports::Completion<Status> done) override;
  void committed(std::string group, ports::Partition partition,
                 ports::Completion<Result<std::optional<LogOffset>>> done) override;
  void check(ports::Completion<Status> done) override;
  void forget(ports::Partition partition, LogOffset before,
              ports::Completion<Status> done) override;
  std::unique_ptr<ports::Membership> join(std::string group, std::string topic,
                                          ports::Runtime& home,
                                          ports::MemberCallbacks callbacks) override;
  int partition_count(const std::string& topic) const override;
  void close() override;

 private:
  struct State;
  explicit SqliteLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace telltale::log
