// MemoryLog: the log of simulations and tests, as deterministic as the Runtime it is given. It
// keeps nothing beyond itself: what lives in it outlives a simulated process, not this one. Owned
// by who simulates. All calls and all its timers are on the one loop of `runtime`.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "log/local_groups.h"
#include "ports/jobs_topic.h"
#include "ports/log.h"

namespace telltale::log {

struct MemoryLogOptions {
  std::map<std::string, int> topics = {{ports::kEventsTopic, 1},
                                       {ports::kRunsTopic, 1},
                                       {ports::kSourcesTopic, 1},
                                       {ports::kJobsTopic, 1}};
  // Of these only the newest record of each key is kept.
  std::set<std::string> compacted_topics = {ports::kRunsTopic, ports::kSourcesTopic};
};

class MemoryLog final : public ports::Log {
 public:
  explicit MemoryLog(ports::Runtime& runtime, MemoryLogOptions options = {});
  ~MemoryLog() override;
  MemoryLog(const MemoryLog&) = delete;
  MemoryLog& operator=(const MemoryLog&) = delete;

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

  // Forgets records before `first`, as retention does.
  void expire(const ports::Partition& partition, LogOffset first);
  // Forgets who waits and who is a member, unanswered: the process that asked has ended. Records
  // stay.
  void drop_waiting();
  // What a crash takes where the log answered before its records were on disk. Not for a compacted
  // topic.
  void lose_newest(const std::string& topic, std::size_t records);

 private:
  struct Kept {
    LogOffset end{};
    std::map<LogOffset, ports::Record> records;
    std::map<std::string, LogOffset> newest;  // by key; of a compacted topic only
  };
  struct Waiting {
    ports::Partition partition;
    LogOffset from;
    ports::ReadLimits limits;
    ports::Completion<Result<std::vector<ports::StoredRecord>>> done;
    ports::TimerId timer{};
  };

  std::vector<ports::StoredRecord> find(const Kept& kept, LogOffset from,
                                        const ports::ReadLimits& limits) const;
  LogOffset keep(const ports::Partition& partition, ports::Record record);
  void answer_waiting();

  ports::Runtime& runtime_;
  MemoryLogOptions options_;
  std::map<ports::Partition, Kept> partitions_;
  std::map<std::pair<std::string, ports::Partition>, LogOffset> committed_;
  std::list<Waiting> waiting_;
  LocalGroups groups_;
  bool closed_ = false;
};

}  // namespace telltale::log
