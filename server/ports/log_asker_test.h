// LogAsker: how tests ask a log on a loop and wait for the answer on their own thread.
#pragma once

#include "ports/await_test.h"
#include "ports/log.h"

namespace telltale::ports {

// A log and its loop, asked in one line.
class LogAsker {
 public:
  using Records = Result<std::vector<StoredRecord>>;

  LogAsker(Runtime& loop, Log& log) : loop_(loop), log_(log) {}

  std::future<Result<Appended>> start_append(std::string topic, std::vector<Record> records) {
    return ask<Result<Appended>>(
        loop_, [this, topic, records](auto done) { log_.append(topic, records, std::move(done)); });
  }
  Result<Appended> append(std::string topic, std::vector<Record> records) {
    return start_append(std::move(topic), std::move(records)).get();
  }
  std::future<Records> start_read(Partition partition, std::uint64_t from, ReadLimits limits = {}) {
    return ask<Records>(loop_, [this, partition, from, limits](auto done) {
      log_.read(partition, LogOffset{from}, limits, std::move(done));
    });
  }
  Records read(Partition partition, std::uint64_t from, ReadLimits limits = {}) {
    return start_read(std::move(partition), from, limits).get();
  }
  Result<Bounds> bounds(Partition partition) {
    return ask<Result<Bounds>>(
               loop_, [this, partition](auto done) { log_.bounds(partition, std::move(done)); })
        .get();
  }
  Status commit(std::string group, Partition partition, std::uint64_t next) {
    return ask<Status>(loop_,
                       [this, group, partition, next](auto done) {
                         log_.commit(group, partition, LogOffset{next}, std::move(done));
                       })
        .get();
  }
  Result<std::optional<LogOffset>> committed(std::string group, Partition partition) {
    return ask<Result<std::optional<LogOffset>>>(
               loop_, [this, group,
                       partition](auto done) { log_.committed(group, partition, std::move(done)); })
        .get();
  }
  Status check() {
    return ask<Status>(loop_, [this](auto done) { log_.check(std::move(done)); }).get();
  }
  Status forget(Partition partition, std::uint64_t before) {
    return ask<Status>(loop_,
                       [this, partition, before](auto done) {
                         log_.forget(partition, LogOffset{before}, std::move(done));
                       })
        .get();
  }
  void close() {
    ask<bool>(loop_, [this](auto done) {
      log_.close();
      done(true);
    }).get();
  }

 private:
  Runtime& loop_;
  Log& log_;
};

// Records numbered from `first`, all of one key.
inline std::vector<Record> numbered(int first, int count, const std::string& key = "key") {
  std::vector<Record> records;
  for (int i = first; i < first + count; ++i) records.push_back({key, std::to_string(i), i});
  return records;
}

}  // namespace telltale::ports
