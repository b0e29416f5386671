#include "log/sqlite_file.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstdlib>

#include "log/record_codec.h"

namespace telltale::log {
namespace {

constexpr std::int64_t kVersion = 1;
// Dropped in one turn: a commit of this size makes others wait some ten milliseconds.
constexpr std::int64_t kForgetBytes = 8 << 20;
// Blocks have a rowid: without one SQLite keeps large values in an index, and 16 KB records came at
// two thirds of the rate (bench/log_bench).
constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS topics (
  topic TEXT PRIMARY KEY, partitions INTEGER NOT NULL, compacted INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  records BLOB NOT NULL, PRIMARY KEY (topic, partition, first));
CREATE TABLE IF NOT EXISTS newest (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, key BLOB NOT NULL, place INTEGER NOT NULL,
  timestamp_us INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (topic, partition, key));
CREATE UNIQUE INDEX IF NOT EXISTS newest_by_place ON newest (topic, partition, place);
CREATE TABLE IF NOT EXISTS committed (
  name TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
  PRIMARY KEY (name, topic, partition)) WITHOUT ROWID;
)";

constexpr const char* kInsertTopic =
    "INSERT OR IGNORE INTO topics (topic, partitions, compacted) VALUES (?1, ?2, ?3)";
constexpr const char* kTopicThatDiffers =
    "SELECT partitions, compacted FROM topics WHERE topic = ?1 AND (partitions <> ?2 OR "
    "compacted <> ?3)";
constexpr const char* kInsertBlock =
    "INSERT INTO blocks (topic, partition, first, last, records) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* kInsertNewest =
    "INSERT OR REPLACE INTO newest (topic, partition, key, place, timestamp_us, value) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
constexpr const char* kReadBlocks =
    "SELECT first, records FROM blocks WHERE topic = ?1 AND partition = ?2 AND first >= "
    "(SELECT coalesce(max(first), 0) FROM blocks WHERE topic = ?1 AND partition = ?2 AND first <= "
    "?3) "
    "ORDER BY first";
constexpr const char* kReadNewest =
    "SELECT place, key, value, timestamp_us FROM newest WHERE topic = ?1 AND partition = ?2 AND "
    "place >= ?3 ORDER BY place";
// Blocks that begin before an offset: few, as most of them went before.
constexpr const char* kOldBlocks =
    "SELECT first, length(records) FROM blocks WHERE topic = ?1 AND partition = ?2 AND first < ?3 "
    "AND last < ?3 AND first < (SELECT max(first) FROM blocks WHERE topic = ?1 AND partition = ?2) "
    "ORDER BY first";
constexpr const char* kDropBlock =
    "DELETE FROM blocks WHERE topic = ?1 AND partition = ?2 AND first = ?3";
// One row from each end of the index: min() and max() together would walk all of it.
constexpr const char* kBlockBounds =
    "SELECT (SELECT first FROM blocks WHERE topic = ?1 AND partition = ?2 ORDER BY first LIMIT 1), "
    "(SELECT last FROM blocks WHERE topic = ?1 AND partition = ?2 ORDER BY first DESC LIMIT 1)";
constexpr const char* kNewestBounds =
    "SELECT (SELECT place FROM newest WHERE topic = ?1 AND partition = ?2 ORDER BY place LIMIT 1), "
    "(SELECT place FROM newest WHERE topic = ?1 AND partition = ?2 ORDER BY place DESC LIMIT 1)";
constexpr const char* kCommit =
    "INSERT OR REPLACE INTO committed (name, topic, partition, next) VALUES (?4, ?1, ?2, ?3)";
constexpr const char* kCommitted =
    "SELECT next FROM committed WHERE topic = ?1 AND partition = ?2 AND name = ?3";
// All of them: prepared when the file is opened, so that tables which are no log's are found then.
constexpr const char* kStatements[] = {kInsertTopic, kTopicThatDiffers, kInsertBlock, kInsertNewest,
                                       kReadBlocks,  kReadNewest,       kBlockBounds, kNewestBounds,
                                       kCommit,      kCommitted,        kOldBlocks,   kDropBlock};

std::int64_t signed_of(LogOffset offset) { return static_cast<std::int64_t>(to_number(offset)); }
LogOffset offset_of(std::int64_t number) { return LogOffset{static_cast<std::uint64_t>(number)}; }
const char* compacted_text(bool compacted) { return compacted ? "compacted" : "not compacted"; }

}  // namespace

// A prepared statement in use; ready for its next use when it goes. What fails before step() is
// answered by it.
class SqliteFile::Statement {
 public:
  Statement(SqliteFile& file, const char* sql, const ports::Partition& partition) {
    for (const auto& [text, statement] : file.prepared_) {
      if (text == sql) statement_ = statement;
    }
    CHECK(statement_ != nullptr, "{} is none of kStatements", sql);
    bind_text(1, partition.topic);
    bind(2, partition.number);
  }
  ~Statement() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int at, std::int64_t value) { note(sqlite3_bind_int64(statement_, at, value)); }
  // The bytes must stay until the statement has run.
  void bind_text(int at, const std::string& text) {
    note(sqlite3_bind_text64(statement_, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void bind_blob(int at, const std::string& bytes) {
    note(sqlite3_bind_blob64(statement_, at, bytes.data(), bytes.size(), SQLITE_STATIC));
  }
  int step() { return bound_ == SQLITE_OK ? sqlite3_step(statement_) : bound_; }
  bool is_null(int column) { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t number(int column) { return sqlite3_column_int64(statement_, column); }
  // Empty where there is no memory for it: out_of_memory() says so.
  std::string_view bytes(int column) {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  bool out_of_memory() const {
    return sqlite3_errcode(sqlite3_db_handle(statement_)) == SQLITE_NOMEM;
  }

 private:
  void note(int result) {
    if (bound_ == SQLITE_OK) bound_ = result;
  }

  sqlite3_stmt* statement_ = nullptr;
  int bound_ = SQLITE_OK;  // the first failure of binding
};

Result<std::unique_ptr<SqliteFile>> SqliteFile::open(const std::string& path, bool writer) {
  std::unique_ptr<SqliteFile> file(new SqliteFile());
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | (writer ? SQLITE_OPEN_CREATE : 0);
  Status status = Done{};
  if (sqlite3_open_v2(path.c_str(), &file->database_, flags, nullptr) != SQLITE_OK)
    status = file->error("it cannot be opened");
  if (status.ok()) sqlite3_busy_timeout(file->database_, 5'000);
  if (status.ok() && writer) status = file->prepare_schema();
  if (status.ok()) status = file->prepare_statements();
  if (status.ok()) return file;
  const char* advice = status.error().code == ErrorCode::corrupt
                           ? " It is damaged or no log of Telltale's: move it away, or choose "
                             "another --data directory."
                           : "";
  return Error{status.error().code,
               fmt::format("The log {}: {}{}", path, status.error().message, advice)};
}

Status SqliteFile::prepare_schema() {
  // Pages of 16 KiB: a block of a commit fits in few of them. The WAL is folded in when it has
  // 64 MiB, rarely enough not to be felt and soon enough not to fill a disk.
  for (const char* sql : {"PRAGMA page_size = 16384", "PRAGMA journal_mode = WAL",
                          "PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 4096"}) {
    if (Status status = execute(sql); !status.ok()) return status;
  }
  std::int64_t version = 0;
  const auto take = [](void* to, int, char** values, char**) {
    *static_cast<std::int64_t*>(to) = std::strtoll(values[0], nullptr, 10);
    return 0;
  };
  if (sqlite3_exec(database_, "PRAGMA user_version", take, &version, nullptr) != SQLITE_OK)
    return error("it cannot be read");
  if (version > kVersion) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("A newer Telltale wrote it (format {}); this one knows format {}.",
                             version, kVersion)};
  }
  if (Status status = execute(kSchema); !status.ok()) return of_another(status.error());
  if (version == kVersion) return Done{};
  return execute(fmt::format("PRAGMA user_version = {}", kVersion).c_str());
}

// A table or an index of one of our names that is not as we make it is another program's.
Error SqliteFile::of_another(const Error& error) const {
  const int code = sqlite3_errcode(database_);
  if (code != SQLITE_ERROR && code != SQLITE_CONSTRAINT) return error;
  return {ErrorCode::corrupt, error.message};
}

Status SqliteFile::prepare_statements() {
  for (const char* sql : kStatements) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
        SQLITE_OK)
      return of_another(error("its tables are not those of a log"));
    prepared_.emplace_back(sql, statement);
  }
  return Done{};
}

Status SqliteFile::check_topic(const std::string& topic, int partitions, bool compacted) {
  const ports::Partition asked{topic, partitions};
  Statement insert(*this, kInsertTopic, asked);
  insert.bind(3, compacted ? 1 : 0);
  if (insert.step() != SQLITE_DONE) return error("The log cannot be written");
  Statement differs(*this, kTopicThatDiffers, asked);
  differs.bind(3, compacted ? 1 : 0);
  const int step = differs.step();
  if (step == SQLITE_DONE) return Done{};
  if (step != SQLITE_ROW) return error("The log cannot be read");
  return Error{ErrorCode::invalid_argument,
               fmt::format("{} was made with {} partition(s), {}; {} partition(s), {}, cannot "
                           "follow: a topic stays as it was made.",
                           topic, differs.number(0), compacted_text(differs.number(1) != 0),
                           partitions, compacted_text(compacted))};
}

Status SqliteFile::limit_size(std::int64_t pages) {
  if (pages == 0) return Done{};
  return execute(fmt::format("PRAGMA max_page_count = {}", pages).c_str());
}

SqliteFile::~SqliteFile() {
  for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Error SqliteFile::error(const char* what) const {
  const int system_error = errno;  // sqlite3_system_errno() is not set by a COMMIT that fails
  const int code = sqlite3_errcode(database_);
  const std::string text = fmt::format("{}: {}.", what, sqlite3_errmsg(database_));
  // A quota, and a file system that finds out when it syncs, come as errors of input and output.
  const int cause = code == SQLITE_IOERR ? system_error : 0;
  if (code == SQLITE_FULL || cause == ENOSPC || cause == EDQUOT)
    return {ErrorCode::storage_full, "The disk is full. " + text};
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_NOMEM)
    return {ErrorCode::unavailable, text};
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return {ErrorCode::corrupt, text};
  return {ErrorCode::internal, text};
}

Status SqliteFile::execute(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return Done{};
  return error("its file cannot be used");
}

Status SqliteFile::write(const std::vector<Block>& blocks) {
  if (Status status = execute("BEGIN IMMEDIATE"); !status.ok()) return status;
  for (const Block& block : blocks) {
    if (block.compacted) {
      LogOffset place = block.first;
      for (const ports::Record* record : block.records) {
        Statement insert(*this, kInsertNewest, block.partition);
        insert.bind_blob(3, record->key);
        insert.bind(4, signed_of(place));
        insert.bind(5, record->timestamp_us);
        insert.bind_blob(6, record->value);
        if (insert.step() != SQLITE_DONE) return roll_back();
        place = next(place);
      }
    } else {
      const std::string blob = encode_records(block.records);
      Statement insert(*this, kInsertBlock, block.partition);
      insert.bind(3, signed_of(block.first));
      insert.bind(4, signed_of(block.first) + static_cast<std::int64_t>(block.records.size()) - 1);
      insert.bind_blob(5, blob);
      if (insert.step() != SQLITE_DONE) return roll_back();
    }
  }
  if (sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) return roll_back();
  return Done{};
}

Error SqliteFile::roll_back() {
  const Error failed = error("The log cannot be written");
  (void)execute("ROLLBACK");
  return failed;
}

Result<std::vector<ports::StoredRecord>> SqliteFile::read(const ports::Partition& partition,
                                                          LogOffset from,
                                                          const ports::ReadLimits& limits,
                                                          bool compacted) {
  std::vector<ports::StoredRecord> found;
  std::size_t bytes = 0;
  const auto full = [&] {
    return found.size() >= limits.records_max || (!found.empty() && bytes >= limits.bytes_max);
  };
  const auto take = [&](LogOffset offset, ports::Record record) {
    if (offset < from || full()) return;
    bytes += record.key.size() + record.value.size();
    found.push_back({offset, std::move(record)});
  };
  Statement select(*this, compacted ? kReadNewest : kReadBlocks, partition);
  select.bind(3, signed_of(from));
  int step = SQLITE_DONE;
  while (!full() && (step = select.step()) == SQLITE_ROW) {
    const LogOffset first = offset_of(select.number(0));
    if (compacted) {
      ports::Record record{std::string(select.bytes(1)), std::string(select.bytes(2)),
                           select.number(3)};
      if (select.out_of_memory()) return error("The log cannot be read");
      take(first, std::move(record));
      continue;
    }
    Result<std::vector<ports::Record>> records = decode_records(select.bytes(1));
    if (select.out_of_memory()) return error("The log cannot be read");
    if (!records.ok()) return records.error();
    LogOffset offset = first;
    for (ports::Record& record : *records) {
      take(offset, std::move(record));
      offset = next(offset);
    }
  }
  if (step != SQLITE_DONE && step != SQLITE_ROW) return error("The log cannot be read");
  return found;
}

Result<bool> SqliteFile::forget(const ports::Partition& partition, LogOffset before) {
  std::vector<std::int64_t> firsts;
  bool more = false;
  {
    Statement select(*this, kOldBlocks, partition);
    select.bind(3, signed_of(before));
    std::int64_t bytes = 0;
    int step = SQLITE_DONE;
    while (!more && (step = select.step()) == SQLITE_ROW) {
      more = bytes >= kForgetBytes;
      if (!more) firsts.push_back(select.number(0));
      bytes += select.number(1);
    }
    if (step != SQLITE_DONE && step != SQLITE_ROW) return error("The log cannot be read");
  }
  if (firsts.empty()) return false;
  if (Status status = execute("BEGIN IMMEDIATE"); !status.ok()) return status.error();
  for (const std::int64_t first : firsts) {
    Statement drop(*this, kDropBlock, partition);
    drop.bind(3, first);
    if (drop.step() != SQLITE_DONE) return roll_back();
  }
  if (sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) return roll_back();
  return more;
}

Result<ports::Bounds> SqliteFile::bounds(const ports::Partition& partition, bool compacted) {
  Statement select(*this, compacted ? kNewestBounds : kBlockBounds, partition);
  if (select.step() != SQLITE_ROW) return error("The log cannot be read");
  if (select.is_null(0)) return ports::Bounds{};
  return ports::Bounds{offset_of(select.number(0)), next(offset_of(select.number(1)))};
}

Status SqliteFile::commit(const std::string& group, const ports::Partition& partition,
                          LogOffset next) {
  Statement insert(*this, kCommit, partition);
  insert.bind(3, signed_of(next));
  insert.bind_text(4, group);
  if (insert.step() != SQLITE_DONE) return error("The log cannot be written");
  return Done{};
}

Result<std::optional<LogOffset>> SqliteFile::committed(const std::string& group,
                                                       const ports::Partition& partition) {
  Statement select(*this, kCommitted, partition);
  select.bind_text(3, group);
  const int step = select.step();
  if (step == SQLITE_ROW) return std::optional(offset_of(select.number(0)));
  if (step == SQLITE_DONE) return std::optional<LogOffset>();
  return error("The log cannot be read");
}

}  // namespace telltale::log
