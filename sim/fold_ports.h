// The log and the store as one fold worker of a FoldWorld has them: FoldLog, a log with the group
// of the simulation, that tells what is committed; BuggyStore, a store with one bug planted.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "ports/store.h"
#include "sim/forwarding_log.h"
#include "sim/sim_group.h"

namespace telltale::sim {

enum class FoldBug {
  none,
  commit_before_checkpoint,  // the checkpoint is said to be kept, and is so a while later
  checkpoint_before_pack,    // the same of packs and snapshots
  checkpoint_before_blocks,  // and of archived events
  archived_too_far,          // a checkpoint says that all that was folded is archived
  no_generation_check,       // conditional writes always hold
  durations_by_set_clock,    // what is due is measured by the clock that people set
};

class FoldLog final : public ForwardingLog {
 public:
  using OnCommit = std::function<void(const ports::Partition&, LogOffset)>;

  FoldLog(ports::Log& inner, SimGroup& group, OnCommit on_commit)
      : ForwardingLog(inner), group_(group), on_commit_(std::move(on_commit)) {}

  void commit(std::string group, ports::Partition partition, LogOffset next,
              ports::Completion<Status> done) override {
    on_commit_(partition, next);
    ForwardingLog::commit(std::move(group), std::move(partition), next, std::move(done));
  }
  std::unique_ptr<ports::Membership> join(std::string, std::string, ports::Runtime& home,
                                          ports::MemberCallbacks callbacks) override {
    return group_.join(home, std::move(callbacks));
  }

 private:
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
