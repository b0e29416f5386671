// Backends: the log and the store that --log and --store name. The only place that knows their
// concrete types. Owned by the wiring.
#pragma once

#include <map>
#include <memory>

#include "base/result.h"
#include "log/directory_lock.h"
#include "main/config.h"
#include "ports/http_fetch.h"
#include "ports/log.h"
#include "ports/store.h"

namespace telltale::main {

struct Backends {
  // --log sqlite, in the folder --data, or kafka://… (log/kafka_log.h). --store directory, in that
  // folder too, or s3://… (store/s3_store.h). Waits for a Kafka or an S3 that is away, and says so
  // in the log. A store that does not honour conditional writes is refused, and so is a folder that
  // another process has.
  static Result<Backends> open(const ServeConfig& config);
  // For a command beside the servers: nothing is made that is not there, and without --log there
  // may be no log; what is away is an error. Only config.store, log and data count.
  static Result<Backends> open_for_admin(ServeConfig config);
  // The same with this machine's log, made if it is missing, of which partitions of telltale.events
  // that end before these offsets go on from there.
  static Result<Backends> open_to_mend(ServeConfig config,
                                       const std::map<int, LogOffset>& start_at);

  std::unique_ptr<log::DirectoryLock> folder;  // of a store beside a log of other machines
  std::unique_ptr<ports::HttpFetch> fetch;     // what goes out by HTTP; outlives who asks by it
  std::unique_ptr<ports::Log> log;
  std::unique_ptr<ports::Store> store;
};

}  // namespace telltale::main
