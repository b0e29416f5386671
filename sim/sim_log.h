// SimLog: the Log of a World: what is acknowledged survives crash(), unless a bug is planted;
// answers come late, fail, or are lost although the records were kept. One loop, no threads.
#pragma once

#include <list>
#include <map>
#include <vector>

#include "log/local_groups.h"
#include "ports/log.h"

namespace telltale::sim {

class SimLog final : public ports::Log {
 public:
  // `skip_fsync`: acknowledges records that a crash within the next moments loses.
  SimLog(ports::Runtime& runtime, bool skip_fsync);

  void set_faulty(bool faulty) { faulty_ = faulty; }
  // The process died: nothing that was asked is answered; records not on disk are gone.
  void crash();

  void append(std::string topic, std::vector<ports::Record> records,
              ports::Completion<Result<ports::Appended>> done) override;
  void read(ports::Partition partition, LogOffset from, ports::ReadLimits limits,
            ports::Completion<Result<std::vector<ports::StoredRecord>>> done) override;
  void bounds(ports::Partition partition, ports::Completion<Result<ports::Bounds>> done) override;
  void commit(std::string group, ports::Partition partition, LogOffset next,
              ports::Completion<Status> done) override;
  void committed(std::string group, ports::Partition partition,
                 ports::Completion<Result<std::optional<LogOffset>>> done) override;
  std::unique_ptr<ports::Membership> join(std::string group, std::string topic,
                                          ports::Runtime& home,
                                          ports::MemberCallbacks callbacks) override;
  int partition_count(const std::string&) const override { return 1; }
  void close() override {}

 private:
  struct Waiting {
    ports::Partition partition;
    LogOffset from;
    ports::ReadLimits limits;
    ports::Completion<Result<std::vector<ports::StoredRecord>>> done;
  };
  struct Topic {
    std::vector<ports::Record> records;
    std::size_t durable = 0;
  };
  void flush(const std::string& topic);
  void answer(Waiting& waiting);
  // Later, unless the process dies first.
  void later(std::int64_t at_most_us, ports::Task task);

  ports::Runtime& runtime_;
  const bool skip_fsync_;
  bool faulty_ = true;
  std::uint64_t life_ = 0;
  std::map<std::string, Topic> topics_;
  std::map<std::string, LogOffset> committed_;
  std::list<Waiting> waiting_;
  log::LocalGroups groups_;
};

}  // namespace telltale::sim
