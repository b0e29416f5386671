// What SqliteLog does beyond the contract: crashes, second processes, damage, compaction, full
// disks.
#include "log/sqlite_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "ports/log_asker_test.h"
#include "runtime/asio_runtime.h"

namespace telltale::log {
namespace {

using ports::LogAsker;
using ports::numbered;

const ports::Partition kEvents{ports::kEventsTopic, 0};

std::unique_ptr<SqliteLog> open(const std::string& directory, std::int64_t size_limit_pages = 0) {
  return SqliteLog::open({.directory = directory, .size_limit_pages = size_limit_pages}).take();
}

TEST(SqliteLog, KeepsEverythingOverAReopen) {
  const ports::TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  const std::vector<ports::Record> records = numbered(0, 10);
  {
    const auto log = open(folder.path());
    LogAsker asker(loop, *log);
    ASSERT_TRUE(asker.append(ports::kEventsTopic, {records.begin(), records.begin() + 6}).ok());
    ASSERT_TRUE(asker.commit("fold", kEvents, 4).ok());
  }
  const auto log = open(folder.path());
  LogAsker asker(loop, *log);
  EXPECT_EQ(*asker.bounds(kEvents), (ports::Bounds{LogOffset{0}, LogOffset{6}}));
  EXPECT_EQ(*asker.committed("fold", kEvents), LogOffset{4});
  const auto more = asker.append(ports::kEventsTopic, {records.begin() + 6, records.end()});
  ASSERT_TRUE(more.ok());
  EXPECT_EQ(more->places[0].offset, LogOffset{6});
  // From 3: part of a block, of the file and of memory. A reader goes on until there is no more.
  std::uint64_t at = 3;
  while (at < 10) {
    const auto read = asker.read(kEvents, at);
    ASSERT_TRUE(read.ok());
    ASSERT_FALSE(read->empty());
    for (const ports::StoredRecord& stored : *read) {
      EXPECT_EQ(stored, (ports::StoredRecord{LogOffset{at}, records[at]}));
      ++at;
    }
  }
}

// Appends without end and writes each acknowledged offset to `out`. Never returns.
[[noreturn]] void append_until_killed(const std::string& directory, int out) {
  runtime::AsioRuntime loop("child");
  const auto log = open(directory);
  LogAsker asker(loop, *log);
  for (int i = 0;; ++i) {
    const auto appended = asker.append(ports::kEventsTopic, numbered(i, 1));
    if (!appended.ok()) ::_exit(1);
    const std::uint64_t offset = to_number(appended->places[0].offset);
    if (::write(out, &offset, sizeof(offset)) != sizeof(offset)) ::_exit(2);
  }
}

TEST(SqliteLog, NothingAcknowledgedIsLostWhenTheProcessIsKilled) {
  const ports::TemporaryFolder folder;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) append_until_killed(folder.path(), ends[1]);
  ::close(ends[1]);
  std::uint64_t acknowledged = 0;
  std::uint64_t count = 0;
  while (::read(ends[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged)) {
    EXPECT_EQ(acknowledged, count);
    if (++count == 200) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  ASSERT_GE(count, 200U);

  runtime::AsioRuntime loop("test");
  const auto log = open(folder.path());
  LogAsker asker(loop, *log);
  const auto read = asker.read(kEvents, 0);
  ASSERT_TRUE(read.ok());
  ASSERT_GE(read->size(), count);
  for (std::size_t i = 0; i < read->size(); ++i)
    EXPECT_EQ((*read)[i].record.value, std::to_string(i));
}

TEST(SqliteLog, ASecondOpenOfTheFolderIsRefusedAndTellsWhoHasIt) {
  const ports::TemporaryFolder folder;
  auto log = open(folder.path());
  const auto second = SqliteLog::open({.directory = folder.path()});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_EQ(second.error().message,
            fmt::format("Another Telltale (pid {}) is using {}. Stop it or choose another --data "
                        "directory.",
                        ::getpid(), folder.path()));
  log.reset();
  EXPECT_TRUE(SqliteLog::open({.directory = folder.path()}).ok());
}

void run_sql(const std::string& directory, const char* sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((directory + "/log.db").c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_changes(database), 1);
  sqlite3_close(database);
}

TEST(SqliteLog, ADamagedBlockIsCorruptAndTheOthersAreRead) {
  const ports::TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  {
    const auto log = open(folder.path());
    LogAsker asker(loop, *log);
    ASSERT_TRUE(asker.append(ports::kEventsTopic, numbered(0, 3)).ok());
    ASSERT_TRUE(asker.append(ports::kEventsTopic, numbered(3, 3)).ok());
  }
  run_sql(folder.path(),
          "UPDATE blocks SET records = substr(records, 1, 20) || x'00' || substr(records, 22) "
          "WHERE first = 0");
  const auto log = open(folder.path());
  LogAsker asker(loop, *log);
  EXPECT_EQ(asker.read(kEvents, 0).error().code, ErrorCode::corrupt);
  const auto good = asker.read(kEvents, 3);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->size(), 3U);
}

TEST(SqliteLog, ATopicStaysAsItWasMade) {
  const ports::TemporaryFolder folder;
  const auto reopen = [&](int partitions, std::set<std::string> compacted) {
    return SqliteLog::open({.directory = folder.path(),
                            .topics = {{"topic", partitions}},
                            .compacted_topics = std::move(compacted)});
  };
  ASSERT_TRUE(reopen(3, {}).ok());
  EXPECT_TRUE(reopen(3, {}).ok());
  const auto fewer = reopen(2, {});
  ASSERT_FALSE(fewer.ok());
  EXPECT_EQ(fewer.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(fewer.error().message.find("topic was made with 3 partition(s)"), std::string::npos);
  EXPECT_EQ(reopen(3, {"topic"}).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(reopen(3, {}).ok());
}

TEST(SqliteLog, AFileOfANewerTelltaleIsRefused) {
  const ports::TemporaryFolder folder;
  open(folder.path());
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() + "/log.db").c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, "PRAGMA user_version = 2", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  const auto opened = SqliteLog::open({.directory = folder.path()});
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("A newer Telltale wrote it (format 2)"), std::string::npos);
}

TEST(SqliteLog, AFileThatIsNoLogIsRefused) {
  const ports::TemporaryFolder folder;
  std::ofstream(folder.path() + "/log.db") << std::string(100'000, 'x');
  const auto opened = SqliteLog::open({.directory = folder.path()});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_NE(opened.error().message.find(folder.path() + "/log.db"), std::string::npos);
  EXPECT_NE(opened.error().message.find("move it away"), std::string::npos);
}

TEST(SqliteLog, WhatIsForgottenMakesRoomAndItsEndIsKnown) {
  const ports::TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  auto log = open(folder.path());
  std::optional<LogAsker> asker(std::in_place, loop, *log);
  const std::vector<ports::Record> large(4, {"key", std::string(1'000'000, 'x'), 1});
  std::uint64_t end = 0;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 6; ++i, end += 4)
      ASSERT_TRUE(asker->append(ports::kEventsTopic, large).ok());
    // More than goes in one turn; all but the newest block.
    ASSERT_TRUE(asker->forget(kEvents, end).ok());
    EXPECT_EQ(*asker->bounds(kEvents), (ports::Bounds{LogOffset{end - 4}, LogOffset{end}}));
  }
  asker.reset();
  log.reset();
  EXPECT_LT(std::filesystem::file_size(folder.path() + "/log.db"), 60'000'000U);  // of 144 MB
  log = open(folder.path());
  asker.emplace(loop, *log);
  EXPECT_EQ(*asker->bounds(kEvents), (ports::Bounds{LogOffset{end - 4}, LogOffset{end}}));
  // A block that is needed in part stays whole.
  ASSERT_TRUE(asker->append(ports::kEventsTopic, numbered(0, 1)).ok());
  ASSERT_TRUE(asker->forget(kEvents, end - 1).ok());
  EXPECT_EQ(asker->bounds(kEvents)->begin, LogOffset{end - 4});
  ASSERT_TRUE(asker->forget(kEvents, end).ok());
  EXPECT_EQ(*asker->bounds(kEvents), (ports::Bounds{LogOffset{end}, LogOffset{end + 1}}));
}

TEST(SqliteLog, GoesOnWhereItIsToldIfItEndsBefore) {
  const ports::TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  ASSERT_TRUE(open(folder.path()) != nullptr);
  const auto reopen = [&](std::uint64_t at) {
    return SqliteLog::open({.directory = folder.path(), .start_at = {{kEvents, LogOffset{at}}}})
        .take();
  };
  {
    const auto log = reopen(100);
    LogAsker asker(loop, *log);
    EXPECT_EQ(asker.bounds(kEvents)->end, LogOffset{100});
    EXPECT_EQ(asker.append(ports::kEventsTopic, numbered(0, 2))->places[0].offset, LogOffset{100});
  }
  const auto log = reopen(50);  // it is further
  LogAsker asker(loop, *log);
  EXPECT_EQ(asker.bounds(kEvents)->end, LogOffset{102});
  const auto read = asker.read(kEvents, 0);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->front(), (ports::StoredRecord{LogOffset{99}, {}}));  // holds the place
}

TEST(SqliteLog, WhatNobodyWouldFindAgainIsNotAcknowledged) {
  namespace fs = std::filesystem;
  const ports::TemporaryFolder folder;
  const std::string data = folder.path() + "/data";
  runtime::AsioRuntime loop("test");
  const auto log = open(data);
  LogAsker asker(loop, *log);
  ASSERT_TRUE(asker.append(ports::kEventsTopic, numbered(0, 1)).ok());
  EXPECT_TRUE(asker.check().ok());
  fs::rename(data, folder.path() + "/moved");
  const auto refused = asker.append(ports::kEventsTopic, numbered(1, 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().message.find("/data/log.db was removed while it was in use"),
            std::string::npos);
  EXPECT_EQ(asker.check().error().message, refused.error().message);
  // A folder of that name is not the one it was.
  fs::create_directory(data);
  std::ofstream(data + "/log.db") << "another one";
  EXPECT_NE(asker.check().error().message.find("was replaced"), std::string::npos);
  EXPECT_FALSE(asker.append(ports::kEventsTopic, numbered(1, 1)).ok());
  fs::remove_all(data);
  fs::rename(folder.path() + "/moved", data);
  EXPECT_TRUE(asker.check().ok());
  EXPECT_EQ(asker.append(ports::kEventsTopic, numbered(1, 1))->places[0].offset, LogOffset{1});
  // What SQLite has not folded in yet counts too.
  fs::rename(data + "/log.db-wal", folder.path() + "/wal");
  EXPECT_FALSE(asker.append(ports::kEventsTopic, numbered(2, 1)).ok());
  fs::rename(folder.path() + "/wal", data + "/log.db-wal");
  EXPECT_TRUE(asker.append(ports::kEventsTopic, numbered(2, 1)).ok());
}

// Tables and indexes of our names that another program made.
class AForeignTable : public testing::TestWithParam<const char*> {};

TEST_P(AForeignTable, IsRefusedInASentence) {
  const ports::TemporaryFolder folder;
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() + "/log.db").c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, GetParam(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  const auto opened = SqliteLog::open({.directory = folder.path()});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_NE(opened.error().message.find(folder.path() + "/log.db"), std::string::npos);
  EXPECT_NE(opened.error().message.find("move it away"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Each, AForeignTable,
    testing::Values("CREATE TABLE blocks (a)", "CREATE TABLE newest (a)", "CREATE TABLE topics (a)",
                    "CREATE TABLE committed (a)",
                    "CREATE TABLE a (b); CREATE VIEW blocks AS SELECT * FROM a",
                    "CREATE TABLE newest (topic, partition, place); "
                    "INSERT INTO newest VALUES (1, 1, 1), (1, 1, 1)"));

// Whatever SQLite has no memory for is an answer, at every place where it can run out.
TEST(SqliteLog, WithoutMemoryItAnswersAnError) {
  const ports::TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  const auto log = open(folder.path());
  LogAsker asker(loop, *log);
  const std::vector<ports::Record> large = {{"key", std::string(100'000, 'x'), 1}};
  const auto use = [&] {
    const bool appended = asker.append(ports::kEventsTopic, large).ok();
    const bool kept = asker.append(ports::kRunsTopic, large).ok();
    const bool committed = asker.commit("fold", kEvents, 1).ok();
    const bool bounded = asker.bounds(kEvents).ok();
    const auto found = asker.committed("fold", kEvents);
    return appended && kept && committed && bounded && found.ok();
  };
  ASSERT_TRUE(use());
  int failed = 0;
  const sqlite3_int64 used = sqlite3_memory_used();
  for (sqlite3_int64 more = 0; more < 400'000; more += 3'000) {
    sqlite3_hard_heap_limit64(used + more);
    failed += use() ? 0 : 1;
    sqlite3_hard_heap_limit64(0);
  }
  EXPECT_GT(failed, 0);
  EXPECT_TRUE(use());
}

TEST(SqliteLog, ATopicThatIsNewIsMadeInALogThatIsThere) {
  const ports::TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  {
    const auto older = SqliteLog::open(
        {.directory = folder.path(), .topics = {{ports::kEventsTopic, 1}}, .compacted_topics = {}});
    ASSERT_TRUE(older.ok());
    LogAsker asker(loop, *older.value());
    ASSERT_TRUE(asker.append(ports::kEventsTopic, numbered(0, 3)).ok());
  }
  const auto log = open(folder.path());
  LogAsker asker(loop, *log);
  EXPECT_EQ(*asker.bounds(kEvents), (ports::Bounds{LogOffset{0}, LogOffset{3}}));
  EXPECT_EQ(*asker.bounds({ports::kSourcesTopic, 0}), ports::Bounds{});
  EXPECT_TRUE(asker.append(ports::kSourcesTopic, numbered(0, 1)).ok());
}

class SqliteCompaction : public testing::TestWithParam<const char*> {};

TEST_P(SqliteCompaction, KeepsTheNewestOfAKeyAndOffsetsGoOn) {
  const std::string topic = GetParam();
  const ports::Partition partition{topic, 0};
  const ports::TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  {
    const auto log = open(folder.path());
    LogAsker asker(loop, *log);
    ASSERT_TRUE(asker.append(topic, {{"a", "1", 1}, {"b", "2", 2}, {"a", "3", 3}}).ok());
    ASSERT_TRUE(asker.append(topic, {{"c", "4", 4}, {"a", "5", 5}}).ok());
  }
  const auto log = open(folder.path());
  LogAsker asker(loop, *log);
  const std::vector<ports::StoredRecord> expected = {
      {LogOffset{1}, {"b", "2", 2}}, {LogOffset{3}, {"c", "4", 4}}, {LogOffset{4}, {"a", "5", 5}}};
  const auto read = asker.read(partition, 0);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, expected);
  EXPECT_EQ(*asker.bounds(partition), (ports::Bounds{LogOffset{1}, LogOffset{5}}));
  const auto more = asker.append(topic, {{"b", "6", 6}});
  ASSERT_TRUE(more.ok());
  EXPECT_EQ(more->places[0].offset, LogOffset{5});
}

INSTANTIATE_TEST_SUITE_P(Of, SqliteCompaction,
                         testing::Values(ports::kRunsTopic, ports::kSourcesTopic),
                         [](const auto& info) {
                           const std::string topic = info.param;
                           return topic.substr(topic.find('.') + 1);
                         });

TEST(SqliteLog, WhenItIsFullAppendsAreRefusedWholeAndReadsGoOn) {
  const ports::TemporaryFolder folder;
  runtime::AsioRuntime loop("test");
  const auto log = open(folder.path(), 40);
  LogAsker asker(loop, *log);
  const std::vector<ports::Record> large = {{"key", std::string(60'000, 'x'), 1},
                                            {"key", std::string(60'000, 'y'), 2}};
  std::uint64_t kept = 0;
  Result<ports::Appended> appended = asker.append(ports::kEventsTopic, large);
  for (; appended.ok() && kept < 100; appended = asker.append(ports::kEventsTopic, large))
    kept += 2;
  ASSERT_FALSE(appended.ok());
  EXPECT_EQ(appended.error().code, ErrorCode::storage_full);
  ASSERT_GT(kept, 0U);
  EXPECT_EQ(*asker.bounds(kEvents), (ports::Bounds{LogOffset{0}, LogOffset{kept}}));
  const auto read = asker.read(kEvents, 0);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->size(), kept);
  // What still fits gets the next offset: the refused one took none.
  const auto small = asker.append(ports::kEventsTopic, numbered(0, 1));
  if (small.ok()) {
    EXPECT_EQ(small->places[0].offset, LogOffset{kept});
  } else {
    EXPECT_EQ(small.error().code, ErrorCode::storage_full);
  }
}

}  // namespace
}  // namespace telltale::log
