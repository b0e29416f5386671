// FaultyLog: a Log that fails by chance, over one that does not. Chance and delay come from the
// Runtime, so a simulation's seed decides them. Owned by tests and simulations; lives on the loop
// of `runtime`. It never damages a record: what the inner log promises of what was answered stays
// true.
#pragma once

#include "ports/faults.h"
#include "ports/log.h"

namespace telltale::ports {

class FaultyLog : public Log {
 public:
  // Both outlive this. Without faults it behaves as `inner`.
  FaultyLog(Log& inner, Runtime& runtime, Faults faults = {})
      : faults(faults), inner_(inner), runtime_(runtime) {}

  void append(std::string topic, std::vector<Record> records,
              Completion<Result<Appended>> done) override;
  void read(Partition partition, LogOffset from, ReadLimits limits,
            Completion<Result<std::vector<StoredRecord>>> done) override;
  void bounds(Partition partition, Completion<Result<Bounds>> done) override;
  void commit(std::string group, Partition partition, LogOffset next,
              Completion<Status> done) override;
  void committed(std::string group, Partition partition,
                 Completion<Result<std::optional<LogOffset>>> done) override;
  void check(Completion<Status> done) override;
  void forget(Partition partition, LogOffset before, Completion<Status> done) override;
  // Without faults of its own: a member is told what the inner log tells.
  std::unique_ptr<Membership> join(std::string group, std::string topic, Runtime& home,
                                   MemberCallbacks callbacks) override {
    return inner_.join(std::move(group), std::move(topic), home, std::move(callbacks));
  }
  int partition_count(const std::string& topic) const override {
    return inner_.partition_count(topic);
  }
  void close() override { inner_.close(); }

  Faults faults;  // may change between calls

 private:
  Log& inner_;
  Runtime& runtime_;
};

}  // namespace telltale::ports
