// What SqliteLog does when the disk is slow, full or failing. SQLite's writes go through a hook of
// its own for tests (xSetSystemCall); fsync and fdatasync are this program's, below.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/limits.h"
#include "log/sqlite_log.h"
#include "ports/log_asker_test.h"
#include "runtime/asio_runtime.h"

namespace {

std::atomic<int> g_write_error{0};
std::atomic<bool> g_disk_hangs{false};
std::atomic<bool> g_syncs_fail{false};
std::atomic<int> g_syncs{0};

int sync_or_fail(long call, int file) {
  if (g_syncs_fail) {
    errno = EIO;
    return -1;
  }
  ++g_syncs;
  return static_cast<int>(::syscall(call, file));
}

ssize_t pwrite_or_fail(int file, const void* bytes, size_t size, off_t offset) {
  g_disk_hangs.wait(true);
  if (g_write_error != 0) {
    errno = g_write_error;
    return -1;
  }
  return ::pwrite(file, bytes, size, offset);
}

}  // namespace

// Found before the C library's by every library of this program.
extern "C" int fsync(int file) { return sync_or_fail(SYS_fsync, file); }
extern "C" int fdatasync(int file) { return sync_or_fail(SYS_fdatasync, file); }

namespace telltale::log {
namespace {

using ports::numbered;

const ports::Partition kEvents{ports::kEventsTopic, 0};

class SqliteLogOnABadDisk : public testing::Test {
 protected:
  SqliteLogOnABadDisk() {
    sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    for (const char* call : {"pwrite", "pwrite64"})
      vfs->xSetSystemCall(vfs, call, reinterpret_cast<sqlite3_syscall_ptr>(pwrite_or_fail));
    open();
  }
  ~SqliteLogOnABadDisk() override {
    g_write_error = 0;
    g_syncs_fail = false;
    let_go();
    log_.reset();
    loop_.join();
    sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    vfs->xSetSystemCall(vfs, nullptr, nullptr);
  }

  void open() {
    log_.reset();
    log_ = SqliteLog::open({.directory = folder_.path()}).take();
    asker_.emplace(loop_, *log_);
  }
  void let_go() {
    g_disk_hangs = false;
    g_disk_hangs.notify_all();
  }
  Result<ports::Appended> append(std::vector<ports::Record> records) {
    return asker_->append(ports::kEventsTopic, std::move(records));
  }
  // Everything from `at` on, as a reader gets it that never skips.
  std::vector<std::string> values_from(std::uint64_t at) {
    std::vector<std::string> values;
    while (true) {
      const auto read = asker_->read(kEvents, at);
      EXPECT_TRUE(read.ok());
      if (!read.ok() || read->empty()) return values;
      for (const ports::StoredRecord& stored : *read) {
        EXPECT_EQ(stored.offset, LogOffset{at});
        ++at;
        values.push_back(stored.record.value);
      }
    }
  }

  const ports::TemporaryFolder folder_;
  runtime::AsioRuntime loop_{"test"};
  std::unique_ptr<SqliteLog> log_;
  std::optional<ports::LogAsker> asker_;
};

TEST_F(SqliteLogOnABadDisk, AnAppendIsSyncedBeforeItIsAnswered) {
  for (int i = 0; i < 5; ++i) {
    const int before = g_syncs;
    ASSERT_TRUE(append(numbered(i, 1)).ok());
    EXPECT_GT(g_syncs, before);
  }
}

TEST_F(SqliteLogOnABadDisk, WhatCannotBeSyncedIsNotAcknowledgedAndLaterAppendsWork) {
  ASSERT_TRUE(append(numbered(0, 1)).ok());
  g_syncs_fail = true;
  EXPECT_FALSE(append(numbered(1, 1)).ok());
  EXPECT_EQ(values_from(0), std::vector<std::string>{"0"});
  g_syncs_fail = false;
  const auto appended = append(numbered(2, 1));
  ASSERT_TRUE(appended.ok());
  EXPECT_EQ(appended->places[0].offset, LogOffset{1});
  open();
  EXPECT_EQ(values_from(0), (std::vector<std::string>{"0", "2"}));
}

TEST_F(SqliteLogOnABadDisk, AFullDiskRefusesAppendsWhileReadsGoOnUntilThereIsSpaceAgain) {
  ASSERT_TRUE(append(numbered(0, 2)).ok());
  for (const int error : {ENOSPC, EDQUOT}) {
    g_write_error = error;
    EXPECT_EQ(append(numbered(9, 1)).error().code, ErrorCode::storage_full);
    EXPECT_EQ(append(numbered(9, 2)).error().code, ErrorCode::storage_full);
  }
  EXPECT_EQ(asker_->commit("fold", kEvents, 1).error().code, ErrorCode::storage_full);
  EXPECT_EQ(values_from(0), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(*asker_->committed("fold", kEvents), std::nullopt);
  g_write_error = 0;
  const auto appended = append(numbered(2, 1));
  ASSERT_TRUE(appended.ok());
  EXPECT_EQ(appended->places[0].offset, LogOffset{2});
  open();
  EXPECT_EQ(values_from(0), (std::vector<std::string>{"0", "1", "2"}));
}

TEST_F(SqliteLogOnABadDisk, ItSaysThatItIsFullUntilThereIsSpaceAgain) {
  EXPECT_TRUE(asker_->check().ok());
  g_write_error = ENOSPC;
  EXPECT_TRUE(asker_->check().ok());  // nobody knows yet
  EXPECT_EQ(append(numbered(0, 1)).error().code, ErrorCode::storage_full);
  EXPECT_EQ(asker_->check().error().code, ErrorCode::storage_full);
  EXPECT_EQ(asker_->check().error().code, ErrorCode::storage_full);
  g_write_error = 0;
  EXPECT_TRUE(asker_->check().ok());  // without an append, which a balancer would not send
  EXPECT_TRUE(append(numbered(0, 1)).ok());
}

TEST_F(SqliteLogOnABadDisk, WhileItHangsTheQueueFillsAndReadersAreServed) {
  ASSERT_TRUE(append(numbered(0, 3)).ok());
  open();  // what is there is on disk now, and not in memory
  g_disk_hangs = true;
  const std::string large(1U << 20, 'x');
  std::vector<std::future<Result<ports::Appended>>> answers;
  std::size_t refused = 0;
  constexpr std::size_t kAppends = 2 * (limits::kLogQueueBytes >> 20);
  for (std::size_t i = 0; i < kAppends; ++i)
    answers.push_back(asker_->start_append(ports::kEventsTopic, {{"key", large, 0}}));
  EXPECT_EQ(values_from(0), (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(asker_->bounds(kEvents)->end, LogOffset{3});
  let_go();
  std::uint64_t next = 3;
  for (auto& answer : answers) {
    const auto appended = answer.get();
    if (appended.ok()) {
      EXPECT_EQ(appended->places[0].offset, LogOffset{next});
      ++next;
    } else {
      EXPECT_EQ(appended.error().code, ErrorCode::too_many_requests);
      ++refused;
    }
  }
  EXPECT_GT(refused, 0U);
  EXPECT_GE((next - 3) << 20, limits::kLogQueueBytes - large.size());
  // There is room again, and nothing of what was refused is there.
  EXPECT_TRUE(append(numbered(0, 1)).ok());
  EXPECT_EQ(values_from(0).size(), next + 1);
}

TEST_F(SqliteLogOnABadDisk, AReaderFarBehindCatchesUpThroughFileAndMemory) {
  std::vector<std::string> expected;
  for (int i = 0; i < 60; ++i) {
    std::vector<ports::Record> records;
    for (int k = 0; k < 10; ++k) {
      expected.push_back(std::to_string(10 * i + k) + std::string(20'000, 'x'));
      records.push_back({"key", expected.back(), 0});
    }
    ASSERT_TRUE(append(std::move(records)).ok());
  }
  EXPECT_TRUE(values_from(0) == expected);
  EXPECT_TRUE(values_from(333) == std::vector<std::string>(expected.begin() + 333, expected.end()));
}

}  // namespace
}  // namespace telltale::log
