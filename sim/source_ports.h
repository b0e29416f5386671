// The source and the log as a CollectLoop of a SourceWorld has them: HastyLog and DeafSource, each
// with one bug planted; without it they are what they stand before.
#pragma once

#include "ports/log.h"
#include "ports/source.h"

namespace telltale::sim {

enum class SourceBug {
  none,
  position_before_events,  // events are said to be kept, and are so a while later
  ids_of_the_reader,       // a fact that is read again has another id
  expired_is_the_end,      // a source that cannot go on is read on from its end
};

class HastyLog final : public ports::Log {
 public:
  HastyLog(ports::Log& inner, ports::Runtime& runtime, bool hasty)
      : inner_(inner), runtime_(runtime), hasty_(hasty) {}

  void append(std::string topic, std::vector<ports::Record> records,
              ports::Completion<Result<ports::Appended>> done) override;
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
  std::unique_ptr<ports::Membership> join(std::string group, std::string topic,
                                          ports::Runtime& home,
                                          ports::MemberCallbacks callbacks) override {
    return inner_.join(std::move(group), std::move(topic), home, std::move(callbacks));
  }
  int partition_count(const std::string& topic) const override {
    return inner_.partition_count(topic);
  }
  void close() override {}

 private:
  ports::Log& inner_;
  ports::Runtime& runtime_;
  const bool hasty_;
};

class DeafSource final : public ports::Source {
 public:
  DeafSource(ports::Source& inner, ports::Runtime& runtime, bool deaf)
      : inner_(inner), runtime_(runtime), deaf_(deaf) {}

  void read(std::string from, ports::SourceLimits limits,
            ports::Completion<Result<ports::SourceBatch>> done) override;
  void close() override {}

 private:
  ports::Source& inner_;
  ports::Runtime& runtime_;
  const bool deaf_;
};

}  // namespace telltale::sim
