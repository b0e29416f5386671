// MemorySource: the source of tests and simulations, as deterministic as the Runtime it is given.
// It stands for the world outside: what is added to it outlives a simulated process, not this one.
// Owned by who simulates. All calls and all its timers are on the one loop of `runtime`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ports/source.h"

namespace telltale::collect {

class MemorySource final : public ports::Source {
 public:
  explicit MemorySource(ports::Runtime& runtime) : runtime_(runtime) {}
  ~MemorySource() override { close(); }
  MemorySource(const MemorySource&) = delete;
  MemorySource& operator=(const MemorySource&) = delete;

  void read(std::string from, ports::SourceLimits limits,
            ports::Completion<Result<ports::SourceBatch>> done) override;
  void close() override;

  void add(const std::vector<std::string>& facts);
  // From now on it has these; every position given so far has expired.
  void replace(std::vector<std::string> facts);
  // Forgets who waits, unanswered: the process that asked has ended.
  void drop_waiting();

 private:
  struct Waiting {
    std::string from;
    ports::SourceLimits limits;
    ports::Completion<Result<ports::SourceBatch>> done;
    ports::TimerId timer{};
  };

  Result<ports::SourceBatch> find(const std::string& from, const ports::SourceLimits& limits) const;
  void answer_waiting();

  ports::Runtime& runtime_;
  std::vector<std::string> facts_;
  int generation_ = 0;  // grows with every replace()
  std::optional<Waiting> waiting_;
  bool closed_ = false;
};

}  // namespace telltale::collect
