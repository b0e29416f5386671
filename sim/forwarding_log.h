// ForwardingLog: a log that hands everything on to another one, for those of the simulations that
// change one thing of it. Closing it is left to who owns the inner one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/log.h"

namespace telltale::sim {

class ForwardingLog : public ports::Log {
 public:
  explicit ForwardingLog(ports::Log& inner) : inner_(inner) {}

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
    inner_.commit(std::move(group), std::move(partition), next, std::move(done));
  }
  void committed(std::string group, ports::Partition partition,
                 ports::Completion<Result<std::optional<LogOffset>>> done) override {
    inner_.committed(std::move(group), std::move(partition), std::move(done));
  }
  void check(ports::Completion<Status> done) override { inner_.check(std::move(done)); }
  void forget(ports::Partition partition, LogOffset before,
              ports::Completion<Status> done) override {
    inner_.forget(std::move(partition), before, std::move(done));
  }
  std::unique_ptr<ports::Membership> join(std::string group, std::string topic,
                                          ports::Runtime& home,
                                          ports::MemberCallbacks callbacks) override {
    return inner_.join(std::move(group), std::move(topic), home, std::move(callbacks));
  }
  int partition_count(const std::string& topic) const override {
    return inner_.partition_count(topic);
  }
  void close() override {}

 protected:
  ports::Log& inner_;
};

}  // namespace telltale::sim
