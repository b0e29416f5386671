#include "log/sqlite_log.h"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

#include "base/kept_files.h"
#include "base/limits.h"
#include "log/directory_lock.h"
#include "log/local_groups.h"
#include "log/sqlite_file.h"

namespace telltale::log {
namespace {

using Clock = std::chrono::steady_clock;
using Records = std::vector<ports::StoredRecord>;

// One commit. Larger ones gain nothing and make the next waiter wait.
constexpr std::size_t kCommitBytes = 8U << 20;
// Newest records of a partition kept in memory, so that those who follow it never wait for the
// disk.
constexpr std::size_t kRecentBytes = 4U << 20;

// A disk with less left than the largest events take counts as full.
constexpr std::uint64_t kSpareBytes = 2U << 20;

// A longer wait is answered with nothing after this; a deadline always fits its clock.
constexpr std::int64_t kWaitUsMax = 86'400'000'000;

const Error kClosed{ErrorCode::closed, "The log is closed."};

std::size_t size_of(const ports::Record& record) { return record.key.size() + record.value.size(); }

// What this process may still write to the disk of a folder; everything where that is not known.
std::uint64_t space_left(const std::string& directory) {
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0) return UINT64_MAX;
  return std::uint64_t{::geteuid() == 0 ? disk.f_bfree : disk.f_bavail} * disk.f_frsize;
}

}  // namespace

// The mutex guards everything here but the two files, which belong to their threads.
struct SqliteLog::State {
  struct Append {
    std::string topic;
    std::vector<ports::Record> records;
    std::size_t bytes;
    ports::Completion<Result<ports::Appended>> done;
  };
  struct Read {
    ports::Partition partition;
    LogOffset from;
    ports::ReadLimits limits;
    Clock::time_point deadline;
    ports::Completion<Result<Records>> done;
  };
  // Read from memory. Answered without the mutex: who is woken by an answer asks again at once.
  struct Found {
    ports::Completion<Result<Records>> done;
    Records records;
  };
  struct Recent {
    LogOffset end{};  // next to be appended
    std::deque<ports::StoredRecord> records;
    std::size_t bytes = 0;
  };
  using Job = UniqueFunction<void(SqliteFile&)>;

  SqliteLogOptions options;
  std::unique_ptr<DirectoryLock> lock;  // before the files: they close first
  std::unique_ptr<SqliteFile> write_file;
  std::unique_ptr<SqliteFile> read_file;
  KeptFiles kept;                 // the writer's
  std::size_t refused_bytes = 0;  // of an append for which there was no room; the writer's
  std::mutex mutex;
  std::condition_variable to_write;
  std::condition_variable to_read;
  std::deque<Append> appends;
  std::deque<Job> write_jobs;  // commits of consumer groups
  std::size_t append_bytes = 0;
  std::deque<Job> read_jobs;
  std::list<Read> waiting;  // long polls
  // When the reading thread looks at them next by itself.
  Clock::time_point looks_at = Clock::time_point::max();
  std::map<ports::Partition, Recent> recent;
  bool closed = false;
  LocalGroups groups;
  std::thread writer;
  std::thread reader;

  bool compacted(const std::string& topic) const {
    return options.compacted_topics.count(topic) > 0;
  }
  Result<Done> open_files();
  void write_loop();
  void read_loop();
  void write_batch(std::vector<Append> batch);
  Status write(const std::vector<Block>& blocks, std::size_t bytes);
  Status check_disk(SqliteFile& file);
  void forget(SqliteFile& file, const ports::Partition& partition, LogOffset before,
              ports::Completion<Status> done);
  std::vector<ports::Appended> place(const SqliteLog& log, std::vector<Append>& batch,
                                     std::vector<Block>& blocks);
  void remember(const std::vector<Block>& blocks);
  bool find_recent(Read& read, std::vector<Found>& found);
  void find_waiting(std::vector<Found>& found);
  const SqliteLog* owner = nullptr;
};

Result<std::unique_ptr<SqliteLog>> SqliteLog::open(SqliteLogOptions options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  auto lock = DirectoryLock::take(state->options.directory);
  if (!lock.ok()) return lock.error();
  state->lock = lock.take();
  if (Status opened = state->open_files(); !opened.ok()) return opened.error();
  return std::unique_ptr<SqliteLog>(new SqliteLog(std::move(state)));
}

SqliteLog::SqliteLog(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->owner = this;
  state_->writer = std::thread([state = state_.get()] { state->write_loop(); });
  state_->reader = std::thread([state = state_.get()] { state->read_loop(); });
}

SqliteLog::~SqliteLog() { close(); }

Status SqliteLog::State::open_files() {
  const std::string path = options.directory + "/log.db";
  auto opened = SqliteFile::open(path, true);
  if (!opened.ok()) return opened.error();
  write_file = opened.take();
  if (Status limited = write_file->limit_size(options.size_limit_pages); !limited.ok())
    return limited;
  opened = SqliteFile::open(path, false);
  if (!opened.ok()) return opened.error();
  read_file = opened.take();
  for (const auto& [topic, partitions] : options.topics) {
    if (Status same = write_file->check_topic(topic, partitions, compacted(topic)); !same.ok())
      return same;
    for (int number = 0; number < partitions; ++number) {
      const ports::Partition partition{topic, number};
      Result<ports::Bounds> bounds = read_file->bounds(partition, compacted(topic));
      if (!bounds.ok()) return bounds.error();
      recent[partition].end = bounds->end;
      const auto start = options.start_at.find(partition);
      if (start == options.start_at.end() || start->second <= bounds->end) continue;
      // By a record of nobody: an end is known by what stands before it.
      const ports::Record nobody;
      const LogOffset last{to_number(start->second) - 1};
      if (Status wrote = write_file->write({{partition, false, last, {&nobody}}}); !wrote.ok())
        return wrote;
      recent[partition].end = start->second;
    }
  }
  for (const char* suffix : {"", "-wal"}) kept.keep(path + suffix);
  return Done{};
}

void SqliteLog::append(std::string topic, std::vector<ports::Record> records,
                       ports::Completion<Result<ports::Appended>> done) {
  if (state_->options.topics.count(topic) == 0) {
    done(Error{ErrorCode::not_found, "There is no topic " + topic + "."});
    return;
  }
  std::size_t bytes = 0;
  for (const ports::Record& record : records) bytes += size_of(record);
  {
    std::lock_guard lock(state_->mutex);
    if (state_->closed) {
      done(kClosed);
      return;
    }
    if (state_->append_bytes + bytes > limits::kLogQueueBytes && state_->append_bytes > 0) {
      done(Error{ErrorCode::too_many_requests, "The log's queue is full. Try again in a second."});
      return;
    }
    state_->append_bytes += bytes;
    state_->appends.push_back({std::move(topic), std::move(records), bytes, std::move(done)});
  }
  state_->to_write.notify_one();
}

void SqliteLog::State::write_loop() {
  std::unique_lock lock(mutex);
  while (true) {
    to_write.wait(lock, [&] { return closed || !appends.empty() || !write_jobs.empty(); });
    if (closed && appends.empty() && write_jobs.empty()) return;
    std::deque<Job> jobs = std::move(write_jobs);
    write_jobs.clear();
    std::vector<Append> batch;
    std::size_t bytes = 0;
    while (!appends.empty() && (batch.empty() || bytes + appends.front().bytes <= kCommitBytes)) {
      bytes += appends.front().bytes;
      batch.push_back(std::move(appends.front()));
      appends.pop_front();
    }
    lock.unlock();
    for (Job& job : jobs) job(*write_file);
    if (!batch.empty()) write_batch(std::move(batch));
    lock.lock();
    append_bytes -= bytes;
  }
}

// Gives every record its place: partition by key, offsets on from the partition's end. Only the
// writing thread moves an end, so what it reads here stays true until it commits.
std::vector<ports::Appended> SqliteLog::State::place(const SqliteLog& log,
                                                     std::vector<Append>& batch,
                                                     std::vector<Block>& blocks) {
  std::map<ports::Partition, std::size_t> block_of;
  std::vector<ports::Appended> placed(batch.size());
  std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    for (const ports::Record& record : batch[i].records) {
      const ports::Partition partition{batch[i].topic,
                                       log.partition_of(batch[i].topic, record.key)};
      const auto [found, added] = block_of.try_emplace(partition, blocks.size());
      if (added)
        blocks.push_back({partition, compacted(partition.topic), recent[partition].end, {}});
      Block& block = blocks[found->second];
      placed[i].places.push_back(
          {partition.number, LogOffset{to_number(block.first) + block.records.size()}});
      block.records.push_back(&record);
    }
  }
  return placed;
}

void SqliteLog::State::write_batch(std::vector<Append> batch) {
  std::vector<Block> blocks;
  std::vector<ports::Appended> placed = place(*owner, batch, blocks);
  std::size_t bytes = 0;
  for (const Append& append : batch) bytes += append.bytes;
  // Looked at before, so that nothing goes into a file that nobody finds again, and after, so that
  // nothing is acknowledged that did.
  const Status there = kept.check();
  const Status written = there.ok() ? write(blocks, bytes) : there;
  if (!written.ok() && there.ok() && batch.size() > 1) {
    // One of them may be what does not fit; each gets its own answer.
    for (Append& append : batch) {
      std::vector<Append> alone;
      alone.push_back(std::move(append));
      write_batch(std::move(alone));
    }
    return;
  }
  if (!written.ok()) {
    for (Append& append : batch) append.done(written.error());
    return;
  }
  const Status still_there = kept.check();
  std::vector<Found> found;
  {
    std::lock_guard lock(mutex);
    remember(blocks);
    find_waiting(found);
  }
  for (Found& answer : found) answer.done(std::move(answer.records));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].done(still_there.ok() ? Result<ports::Appended>(std::move(placed[i]))
                                   : Result<ports::Appended>(still_there.error()));
  }
}

Status SqliteLog::State::write(const std::vector<Block>& blocks, std::size_t bytes) {
  Status written = write_file->write(blocks);
  if (written.ok()) {
    refused_bytes = 0;
  } else if (written.error().code == ErrorCode::storage_full) {
    refused_bytes = std::max<std::size_t>(bytes, 1);
  }
  return written;
}

// Where an append found no room, there is room again once that much is left, and a quota or a limit
// of the file lets something be written.
Status SqliteLog::State::check_disk(SqliteFile& file) {
  if (Status there = kept.check(); !there.ok()) return there;
  const std::uint64_t left = space_left(options.directory);
  if (left < kSpareBytes + refused_bytes) {
    return Error{ErrorCode::storage_full, fmt::format("The disk is full: {} KiB are left for {}.",
                                                      left >> 10, options.directory)};
  }
  if (refused_bytes == 0) return Done{};
  Status written = file.commit("check", {ports::kEventsTopic, 0}, LogOffset{0});
  if (written.ok()) refused_bytes = 0;
  return written;
}

// One turn, and another one behind what waits meanwhile.
void SqliteLog::State::forget(SqliteFile& file, const ports::Partition& partition, LogOffset before,
                              ports::Completion<Status> done) {
  const Result<bool> more = file.forget(partition, before);
  if (!more.ok()) {
    done(more.error());
    return;
  }
  const std::lock_guard lock(mutex);
  if (!*more || closed) {
    done(Done{});
    return;
  }
  write_jobs.push_back(
      [this, partition, before, done = std::move(done)](SqliteFile& again) mutable {
        forget(again, partition, before, std::move(done));
      });
}

void SqliteLog::State::remember(const std::vector<Block>& blocks) {
  for (const Block& block : blocks) {
    Recent& partition = recent[block.partition];
    for (const ports::Record* record : block.records) {
      partition.records.push_back({partition.end, *record});
      partition.bytes += size_of(*record);
      partition.end = next(partition.end);
    }
    while (partition.bytes > kRecentBytes && partition.records.size() > 1) {
      partition.bytes -= size_of(partition.records.front().record);
      partition.records.pop_front();
    }
  }
}

// True if the read is settled: found in memory, or because the reading thread has it now.
bool SqliteLog::State::find_recent(Read& read, std::vector<Found>& found) {
  const Recent& partition = recent[read.partition];
  if (read.from >= partition.end) return false;
  if (partition.records.empty() || read.from < partition.records.front().offset) {
    read_jobs.push_back([partition = read.partition, from = read.from, limits = read.limits,
                         compacted = compacted(read.partition.topic),
                         done = std::move(read.done)](SqliteFile& file) mutable {
      done(file.read(partition, from, limits, compacted));
    });
    to_read.notify_one();
    return true;
  }
  Records records;
  std::size_t bytes = 0;
  std::size_t at = to_number(read.from) - to_number(partition.records.front().offset);
  for (; at < partition.records.size() && records.size() < read.limits.records_max; ++at) {
    if (!records.empty() && bytes >= read.limits.bytes_max) break;
    bytes += size_of(partition.records[at].record);
    records.push_back(partition.records[at]);
  }
  found.push_back({std::move(read.done), std::move(records)});
  return true;
}

void SqliteLog::State::find_waiting(std::vector<Found>& found) {
  for (auto it = waiting.begin(); it != waiting.end();) {
    it = find_recent(*it, found) ? waiting.erase(it) : std::next(it);
  }
}

void SqliteLog::read(ports::Partition partition, LogOffset from, ports::ReadLimits limits,
                     ports::Completion<Result<Records>> done) {
  std::vector<State::Found> found;
  std::unique_lock lock(state_->mutex);
  if (state_->closed) {
    done(kClosed);
    return;
  }
  if (state_->recent.count(partition) == 0) {
    done(Error{ErrorCode::not_found, "There is no such partition."});
    return;
  }
  State::Read wanted{std::move(partition), from, limits,
                     Clock::now() + std::chrono::microseconds(std::min(limits.wait_us, kWaitUsMax)),
                     std::move(done)};
  if (state_->find_recent(wanted, found)) {
    lock.unlock();
    for (State::Found& answer : found) answer.done(std::move(answer.records));
    return;
  }
  if (limits.wait_us <= 0) {
    wanted.done(Records());
    return;
  }
  const bool in_time = state_->looks_at <= wanted.deadline;
  state_->waiting.push_back(std::move(wanted));
  lock.unlock();
  if (!in_time) state_->to_read.notify_one();
}

void SqliteLog::State::read_loop() {
  std::unique_lock lock(mutex);
  while (!closed) {
    if (!read_jobs.empty()) {
      Job job = std::move(read_jobs.front());
      read_jobs.pop_front();
      lock.unlock();
      job(*read_file);
      lock.lock();
      continue;
    }
    looks_at = Clock::time_point::max();
    const Clock::time_point now = Clock::now();
    for (auto it = waiting.begin(); it != waiting.end();) {
      if (it->deadline <= now) {
        it->done(Records());
        it = waiting.erase(it);
      } else {
        looks_at = std::min(looks_at, it->deadline);
        ++it;
      }
    }
    if (looks_at == Clock::time_point::max()) {
      to_read.wait(lock);
    } else {
      to_read.wait_until(lock, Clock::time_point(looks_at));  // a copy: it may change meanwhile
    }
  }
}

void SqliteLog::bounds(ports::Partition partition, ports::Completion<Result<ports::Bounds>> done) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->recent.find(partition);
  if (state_->closed) {
    done(kClosed);
  } else if (found == state_->recent.end()) {
    done(Error{ErrorCode::not_found, "There is no such partition."});
  } else {
    const LogOffset end = found->second.end;
    state_->read_jobs.push_back([partition, end, compacted = state_->compacted(partition.topic),
                                 done = std::move(done)](SqliteFile& file) mutable {
      Result<ports::Bounds> bounds = file.bounds(partition, compacted);
      // The oldest comes from the file, the end from what was answered already.
      if (bounds.ok()) bounds->end = std::max(bounds->end, end);
      done(std::move(bounds));
    });
    state_->to_read.notify_one();
  }
}

void SqliteLog::commit(std::string group, ports::Partition partition, LogOffset next,
                       ports::Completion<Status> done) {
  std::lock_guard lock(state_->mutex);
  if (state_->closed) {
    done(kClosed);
    return;
  }
  state_->write_jobs.push_back([group = std::move(group), partition = std::move(partition), next,
                                done = std::move(done)](SqliteFile& file) mutable {
    done(file.commit(group, partition, next));
  });
  state_->to_write.notify_one();
}

void SqliteLog::committed(std::string group, ports::Partition partition,
                          ports::Completion<Result<std::optional<LogOffset>>> done) {
  std::lock_guard lock(state_->mutex);
  if (state_->closed) {
    done(kClosed);
    return;
  }
  state_->read_jobs.push_back([group = std::move(group), partition = std::move(partition),
                               done = std::move(done)](SqliteFile& file) mutable {
    done(file.committed(group, partition));
  });
  state_->to_read.notify_one();
}

void SqliteLog::check(ports::Completion<Status> done) {
  std::lock_guard lock(state_->mutex);
  if (state_->closed) {
    done(kClosed);
    return;
  }
  state_->write_jobs.push_back([state = state_.get(), done = std::move(done)](
                                   SqliteFile& file) mutable { done(state->check_disk(file)); });
  state_->to_write.notify_one();
}

void SqliteLog::forget(ports::Partition partition, LogOffset before,
                       ports::Completion<Status> done) {
  CHECK(!state_->compacted(partition.topic), "{} is compacted", partition.topic);
  std::lock_guard lock(state_->mutex);
  if (state_->closed) {
    done(kClosed);
  } else if (state_->recent.count(partition) == 0) {
    done(Error{ErrorCode::not_found, "There is no such partition."});
  } else {
    state_->write_jobs.push_back([state = state_.get(), partition = std::move(partition), before,
                                  done = std::move(done)](SqliteFile& file) mutable {
      state->forget(file, partition, before, std::move(done));
    });
    state_->to_write.notify_one();
  }
}

std::unique_ptr<ports::Membership> SqliteLog::join(std::string group, std::string topic,
                                                   ports::Runtime& home,
                                                   ports::MemberCallbacks callbacks) {
  return state_->groups.join(group, topic, partition_count(topic), home, std::move(callbacks));
}

int SqliteLog::partition_count(const std::string& topic) const {
  const auto found = state_->options.topics.find(topic);
  CHECK(found != state_->options.topics.end(), "no topic {}", topic);
  return found->second;
}

void SqliteLog::close() {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->closed) return;
    state_->closed = true;
    state_->to_write.notify_one();
    state_->to_read.notify_one();
  }
  state_->groups.close();
  state_->writer.join();  // what was accepted is written first
  state_->reader.join();
  for (State::Read& read : state_->waiting) read.done(kClosed);
  state_->waiting.clear();
  for (State::Job& job : state_->read_jobs) job(*state_->read_file);
  state_->read_jobs.clear();
}

}  // namespace telltale::log
