// Log: the append-only truth. Topics are split in partitions; a record's key chooses its partition,
// and records of one partition keep their order. Real implementations: sqlite_log (one process) and
// kafka_log (many). Any thread may call; answers arrive on the caller's loop (Completion).
//
// What every implementation promises (contract: ports/log_contract_test.h):
//  - append is answered only after all its records survive a crash of the machine; they are in the
//    order given; offsets grow by one per record from 0, never reused. What was refused is not
//    kept; only after `unavailable` a beginning of what each partition was given may be, or come to
//    be, and nothing that is appended later to that partition stands before it.
//  - a full queue answers too_many_requests and keeps nothing; a full disk answers storage_full.
//  - read returns records from `from` on, at least one if any exists, else waits up to `wait_us`
//    for one and then answers with none. What expired or was compacted is passed over. Reads are
//    answered even while appends are failing. A log that lost its end may answer `corrupt`.
//  - commit remembers a consumer group's next offset; a later commit replaces an earlier one.
//  - check answers whether what is appended now would be kept and found again, else why not, in a
//    sentence: a full disk, a folder that was taken away. bounds() says whether it can be read.
//  - forget allows the log to let go of the records before an offset; what it keeps of them it may
//    let go of later. The log's end stays where it is.
//  - join makes a member of a consumer group: each partition of the topic is held by one member at
//    a time, evenly shared. A log that fences nobody cannot keep a member that sleeps from waking
//    up late: what a holder writes elsewhere is guarded there, by a conditional write.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "ports/runtime.h"

namespace telltale::ports {

inline constexpr const char* kEventsTopic = "telltale.events";  // key: run key, value: Event
inline constexpr const char* kRunsTopic =
    "telltale.runs";  // key: run key, value: RunSummary; compacted
inline constexpr const char* kSourcesTopic =
    "telltale.sources";  // key: a source's name, value: SourcePosition; compacted

struct Record {
  std::string key;
  std::string value;
  std::int64_t timestamp_us = 0;

  bool operator==(const Record&) const = default;
};

struct StoredRecord {
  LogOffset offset{};
  Record record;

  bool operator==(const StoredRecord&) const = default;
};

struct Partition {
  std::string topic;
  int number = 0;

  auto operator<=>(const Partition&) const = default;
};

struct ReadLimits {
  std::size_t records_max = limits::kReadBatchRecords;
  std::size_t bytes_max =
      limits::kReadBatchBytes;  // at least one record is returned even if larger
  std::int64_t wait_us = 0;
};

struct Bounds {
  LogOffset begin{};  // of the oldest record that is still there
  LogOffset end{};    // of the next record to be appended

  bool operator==(const Bounds&) const = default;
};

// Where an append's records went: for each record, in the order given.
struct Appended {
  struct Place {
    int partition = 0;
    LogOffset offset{};
    bool operator==(const Place&) const = default;
  };
  std::vector<Place> places;
};

// What a member of a consumer group is told, on the loop it gave to join(). A partition that was
// `assigned` leaves in one of two ways: `revoked`, or `lost`.
struct MemberCallbacks {
  UniqueFunction<void(Partition)> assigned;
  // Another member is to have it. It stays here until `released` is called (on this loop, once),
  // but no longer than limits::kReleaseUs: then `lost` follows.
  UniqueFunction<void(Partition, UniqueFunction<void()> released)> revoked;
  // It is gone already: not released in time, or the group did not hear from this member for too
  // long. Who has it now is at work.
  UniqueFunction<void(Partition)> lost;
  // The member is out and hears nothing more, for a reason that trying again does not mend by
  // itself; what it held is lost. Logs within one process never call it.
  UniqueFunction<void(Error)> failed;
};

// Being a member. Destroyed on the loop given to join(), it leaves: no callback follows, and what
// it still held goes to the others at once, so it first finishes what it does with that. It may
// outlive close() of its log, but not the log.
class Membership {
 public:
  virtual ~Membership() = default;
};

class Log {
 public:
  virtual ~Log() = default;

  virtual void append(std::string topic, std::vector<Record> records,
                      Completion<Result<Appended>> done) = 0;
  virtual void read(Partition partition, LogOffset from, ReadLimits limits,
                    Completion<Result<std::vector<StoredRecord>>> done) = 0;
  virtual void bounds(Partition partition, Completion<Result<Bounds>> done) = 0;
  virtual void commit(std::string group, Partition partition, LogOffset next,
                      Completion<Status> done) = 0;
  virtual void committed(std::string group, Partition partition,
                         Completion<Result<std::optional<LogOffset>>> done) = 0;
  virtual void check(Completion<Status> done) = 0;
  // Not of a compacted topic.
  virtual void forget(Partition partition, LogOffset before, Completion<Status> done) = 0;

  // `topic` exists. After close() the member is told nothing, as one without partitions.
  virtual std::unique_ptr<Membership> join(std::string group, std::string topic, Runtime& home,
                                           MemberCallbacks callbacks) = 0;

  // Both fixed for the life of the topic.
  virtual int partition_count(const std::string& topic) const = 0;
  // Where records of this key go: murmur2 as Kafka's default partitioner.
  int partition_of(const std::string& topic, std::string_view key) const;
  // Answers what is under way and then everything else with `closed`. Idempotent.
  virtual void close() = 0;
};

}  // namespace telltale::ports
