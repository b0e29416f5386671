// The source and the log as a CollectLoop of a SourceWorld has them: HastyLog and DeafSource, each
// with one bug planted; without it they are what they stand before.
#pragma once

#include "ports/source.h"
#include "sim/forwarding_log.h"

namespace telltale::sim {

enum class SourceBug {
  none,
  position_before_events,  // events are said to be kept, and are so a while later
  ids_of_the_reader,       // a fact that is read again has another id
  expired_is_the_end,      // a source that cannot go on is read on from its end
};

class HastyLog final : public ForwardingLog {
 public:
  HastyLog(ports::Log& inner, ports::Runtime& runtime, bool hasty)
      : ForwardingLog(inner), runtime_(runtime), hasty_(hasty) {}

  void append(std::string topic, std::vector<ports::Record> records,
              ports::Completion<Result<ports::Appended>> done) override;

 private:
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
