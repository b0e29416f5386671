// SqliteFile: the statements of sqlite_log on one connection. Each of the two threads has its own.
// Not a port: it blocks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/log.h"

struct sqlite3;
struct sqlite3_stmt;

namespace telltale::log {

// One insert: records of one partition that follow each other.
struct Block {
  ports::Partition partition;
  bool compacted = false;  // of its topic: each key is kept once
  LogOffset first{};
  std::vector<const ports::Record*> records;
};

class SqliteFile {
 public:
  static Result<std::unique_ptr<SqliteFile>> open(const std::string& path, bool writer);
  // Of the writer only: notes how the topic is made, or refuses what differs from that.
  Status check_topic(const std::string& topic, int partitions, bool compacted);
  // Of the writer only; 0 is none.
  Status limit_size(std::int64_t pages);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  // All or nothing, on disk when it returns.
  Status write(const std::vector<Block>& blocks);
  // Drops blocks whose every record stands before that, some 8 MiB of them and never the newest,
  // by which the partition's end is known. True if more of them are left.
  Result<bool> forget(const ports::Partition& partition, LogOffset before);
  Result<std::vector<ports::StoredRecord>> read(const ports::Partition& partition, LogOffset from,
                                                const ports::ReadLimits& limits, bool compacted);
  Result<ports::Bounds> bounds(const ports::Partition& partition, bool compacted);
  Status commit(const std::string& group, const ports::Partition& partition, LogOffset next);
  Result<std::optional<LogOffset>> committed(const std::string& group,
                                             const ports::Partition& partition);

 private:
  class Statement;
  SqliteFile() = default;
  Status prepare_schema();
  Status prepare_statements();
  Error of_another(const Error& error) const;
  Status execute(const char* sql);
  Error roll_back();  // answers what was wrong before
  Error error(const char* what) const;

  sqlite3* database_ = nullptr;
  std::vector<std::pair<const char*, sqlite3_stmt*>> prepared_;
};

}  // namespace telltale::log
