// The log and the store as one fold worker of a FoldWorld has them: FoldLog, a log with the group
// of the simulation, that tells what is committed; BuggyStore, a store with one bug planted.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "ports/log.h"
#include "ports/store.h"
#include "sim/sim_group.h"

namespace telltale::sim {

enum class FoldBug {
  none,
  commit_before_checkpoint,  // the checkpoint is said to be kept, and is so a while later
  checkpoint_before_pack,    // the same of packs and snapshots
  no_generation_check,       // conditional writes always hold
};

class FoldLog final : public ports::Log {
 public:
  using OnCommit = std::function<void(const ports::Partition&, LogOffset)>;

  FoldLog(ports::Log& inner, SimGroup& group, OnCommit on_commit)
      : inner_(inner), group_(group), on_commit_(std::move(on_commit)) {}

  void append(std::string topic, std::vector<ports::Record> records,
              ports::Completion<Result<ports::Appended>> done) override {
    inner_.append(std::move(topic), std::move(records), std::move(done));
  }
  void read(ports::Partition partition, LogOffset from, ports::ReadLimits limits,
            ports::Completion<Result<std::vector<ports::StoredRecord>>> done) override {
    inner_.read(std::move(partition), from, limits, std::move(done));
  }
  void bounds(ports::Partition partition, ports::Completion<Result<ports::Bounds>> done) override {
    inner_.bounds(std::move(partition), std::move(done));
  }
  void commit(std::string group, ports::Partition partition, LogOffset next,
              ports::Completion<Status> done) override {
    on_commit_(partition, next);
    inner_.commit(std::move(group), std::move(partition), next, std::move(done));
  }
  void committed(std::string group, ports::Partition partition,
                 ports::Completion<Result<std::optional<LogOffset>>> done) override {
    inner_.committed(std::move(group), std::move(partition), std::move(done));
  }
  std::unique_ptr<ports::Membership> join(std::string, std::string, ports::Runtime& home,
                                          ports::MemberCallbacks callbacks) override {
    return group_.join(home, std::move(callbacks));
  }
  int partition_count(const std::string& topic) const override {
    return inner_.partition_count(topic);
  }
  void close() override {}

 private:
  ports::Log& inner_;
  SimGroup& group_;
  OnCommit on_commit_;
};

class BuggyStore final : public ports::Store {
 public:
  BuggyStore(ports::Store& inner, ports::Runtime& runtime, FoldBug bug)
      : inner_(inner), runtime_(runtime), bug_(bug) {}

  void put(std::string key, std::string bytes, ports::Condition condition,
           ports::Completion<Result<std::string>> done) override;
  std::unique_ptr<ports::Upload> start_upload(std::string key) override {
    return inner_.start_upload(std::move(key));
  }
  void get(std::string key, ports::ByteRange range,
           ports::Completion<Result<ports::Object>> done) override {
    inner_.get(std::move(key), range, std::move(done));
  }
  void list(std::string prefix, std::string after, std::size_t limit,
            ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) override {
    inner_.list(std::move(prefix), std::move(after), limit, std::move(done));
  }
  void remove(std::string key, ports::Completion<Status> done) override {
    inner_.remove(std::move(key), std::move(done));
  }
  void close() override {}

 private:
  bool is_late(const std::string& key) const;

  ports::Store& inner_;
  ports::Runtime& runtime_;
  const FoldBug bug_;
  std::map<std::string, std::string> promised_;  // etags of late puts -> those they have
};

}  // namespace telltale::sim
