// What the log costs over SQLite itself: the same records, written by a plain loop of INSERTs and
// through the port, side by side. Both keep WAL and synchronous=FULL; each measurement starts with
// an empty file in TELLTALE_BENCH_DIR (else the folder for temporary files). Where a broker's
// host:port is in TELLTALE_BENCH_KAFKA, the same through the port to Kafka, in one partition of a
// topic of its own.
#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "log/kafka_log.h"
#include "log/sqlite_log.h"
#include "runtime/asio_runtime.h"

namespace telltale {
namespace {

namespace fs = std::filesystem;
using Records = std::vector<ports::Record>;

// Batches on their way at once, as when a server has more than one sender.
constexpr std::size_t kInFlight = 4;
// Batches of one iteration; the last of them is on disk before it ends.
constexpr int kBatches = 100;

struct Folder {
  Folder() {
    const char* chosen = std::getenv("TELLTALE_BENCH_DIR");
    const fs::path parent = chosen != nullptr ? fs::path(chosen) : fs::temp_directory_path();
    path = parent / "telltale-log-bench-XXXXXX";
    CHECK(::mkdtemp(path.data()) != nullptr, "no folder {}", path);
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

// Bytes that do not compress, different in every record; one key, as from one busy run.
Records batch_of(std::int64_t records, std::int64_t value_bytes) {
  Records batch;
  std::uint64_t random = 88172645463325252U;
  for (std::int64_t i = 0; i < records; ++i) {
    std::string value(static_cast<std::size_t>(value_bytes), '\0');
    for (char& byte : value) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      byte = static_cast<char>(random);
    }
    batch.push_back({"aaaaaaaaaaaaaaaaaaaaaaaaaa", std::move(value), i});
  }
  return batch;
}

void count(benchmark::State& state) {
  const std::int64_t records = state.iterations() * kBatches * state.range(0);
  state.SetItemsProcessed(records);
  state.SetBytesProcessed(records * state.range(1));
}

void check_sqlite(sqlite3* database, int code) {
  CHECK(code == SQLITE_OK || code == SQLITE_DONE, "{}", sqlite3_errmsg(database));
}

// The floor: one INSERT a record, one commit a batch.
void plain_sqlite(benchmark::State& state) {
  const Records batch = batch_of(state.range(0), state.range(1));
  const Folder folder;
  sqlite3* database = nullptr;
  check_sqlite(database, sqlite3_open((folder.path + "/plain.db").c_str(), &database));
  const auto execute = [&](const char* sql) {
    check_sqlite(database, sqlite3_exec(database, sql, nullptr, nullptr, nullptr));
  };
  execute("PRAGMA journal_mode = WAL");
  execute("PRAGMA synchronous = FULL");
  execute("CREATE TABLE records (at INTEGER PRIMARY KEY, key TEXT, time INTEGER, value BLOB)");
  sqlite3_stmt* insert = nullptr;
  check_sqlite(database,
               sqlite3_prepare_v2(database, "INSERT INTO records VALUES (NULL, ?1, ?2, ?3)", -1,
                                  &insert, nullptr));
  const auto commit_batch = [&] {
    execute("BEGIN");
    for (const ports::Record& record : batch) {
      sqlite3_bind_text64(insert, 1, record.key.data(), record.key.size(), SQLITE_STATIC,
                          SQLITE_UTF8);
      sqlite3_bind_int64(insert, 2, record.timestamp_us);
      sqlite3_bind_blob64(insert, 3, record.value.data(), record.value.size(), SQLITE_STATIC);
      check_sqlite(database, sqlite3_step(insert));
      sqlite3_reset(insert);
    }
    execute("COMMIT");
  };
  for (auto _ : state) {
    for (int i = 0; i < kBatches; ++i) commit_batch();
  }
  count(state);
  sqlite3_finalize(insert);
  sqlite3_close(database);
}

const char* kafka_address() { return std::getenv("TELLTALE_BENCH_KAFKA"); }

std::unique_ptr<ports::Log> open_sqlite(const std::string& folder) {
  log::SqliteLogOptions options;
  options.directory = folder;
  return log::SqliteLog::open(std::move(options)).take();
}

std::unique_ptr<ports::Log> open_kafka() {
  static int count = 0;
  log::KafkaLogOptions options;
  options.topics = {{ports::kEventsTopic, {.partitions = 1}}};
  return log::open_kafka_log(std::string("kafka://") + kafka_address() + "?telltale.prefix=bench-" +
                                 std::to_string(::getpid()) + "-" + std::to_string(++count) + ".",
                             std::move(options))
      .take();
}

enum class Kind { sqlite, kafka };

struct OpenLog {
  explicit OpenLog(Kind kind) {
    log = kind == Kind::sqlite ? open_sqlite(folder.path) : open_kafka();
  }
  ~OpenLog() {
    log->close();
    loop.join();
  }
  Folder folder;
  runtime::AsioRuntime loop{"bench"};
  std::unique_ptr<ports::Log> log;
};

using Answer = std::future<Result<ports::Appended>>;

Answer append(OpenLog& open, Records records) {
  auto promise = std::make_shared<std::promise<Result<ports::Appended>>>();
  Answer answer = promise->get_future();
  open.log->append(ports::kEventsTopic, std::move(records),
                   {open.loop, [promise](auto appended) { promise->set_value(appended); }});
  return answer;
}

// Through the port, `in_flight` batches at once; the copies a sender makes are measured with it.
void through_port(benchmark::State& state, Kind kind, std::size_t in_flight) {
  const Records batch = batch_of(state.range(0), state.range(1));
  OpenLog open(kind);
  std::deque<Answer> answers;
  const auto wait = [&](std::size_t until) {
    for (; answers.size() > until; answers.pop_front()) {
      const Result<ports::Appended> appended = answers.front().get();
      CHECK(appended.ok(), "{}", appended.error().message);
    }
  };
  for (auto _ : state) {
    for (int i = 0; i < kBatches; ++i) {
      answers.push_back(append(open, batch));
      wait(in_flight - 1);
    }
    wait(0);
  }
  count(state);
}

// One record: from append until a reader at the tail holds it.
void append_to_tail_reader(benchmark::State& state, Kind kind) {
  const Records batch = batch_of(1, state.range(1));
  OpenLog open(kind);
  const ports::Partition partition{ports::kEventsTopic, 0};
  ports::ReadLimits limits;
  limits.wait_us = 60'000'000;
  std::uint64_t next = 0;
  const auto append_one = [&] {
    std::promise<std::size_t> woken;
    open.log->read(partition, LogOffset{next++}, limits,
                   {open.loop, [&](auto records) { woken.set_value(records->size()); }});
    Answer answer = append(open, batch);
    CHECK(woken.get_future().get() == 1, "the reader got no record");
    CHECK(answer.get().ok(), "not appended");
  };
  for (auto _ : state) {
    for (int i = 0; i < kBatches; ++i) append_one();
  }
  count(state);
}

void one_at_a_time(benchmark::State& state) { through_port(state, Kind::sqlite, 1); }
void four_at_once(benchmark::State& state) { through_port(state, Kind::sqlite, kInFlight); }
void tail_reader(benchmark::State& state) { append_to_tail_reader(state, Kind::sqlite); }
void kafka_one_at_a_time(benchmark::State& state) { through_port(state, Kind::kafka, 1); }
void kafka_four_at_once(benchmark::State& state) { through_port(state, Kind::kafka, kInFlight); }
void kafka_tail_reader(benchmark::State& state) { append_to_tail_reader(state, Kind::kafka); }

// Collects medians, to print ratios after the table.
class Ratios : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.aggregate_name != "median") continue;
      medians_[run.run_name.function_name + "/" + run.run_name.args] = run.GetAdjustedRealTime();
    }
  }
  void print() const {
    for (const auto& [name, time] : medians_) {
      const std::size_t slash = name.find('/');
      const auto plain = medians_.find("plain_sqlite" + name.substr(slash));
      if (plain == medians_.end() || plain->first == name) continue;
      std::cout << name << ": " << plain->second / time << " of the plain loop's rate\n";
    }
  }

 private:
  std::map<std::string, double> medians_;
};

void add(const char* name, void (*function)(benchmark::State&), std::int64_t records,
         std::int64_t bytes) {
  benchmark::RegisterBenchmark(name, function)
      ->Args({records, bytes})
      ->ArgNames({"records", "bytes"})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void register_all() {
  for (const auto& [records, bytes] : {std::pair(1'000, 200), std::pair(100, 16'384)}) {
    add("plain_sqlite", plain_sqlite, records, bytes);
    add("one_at_a_time", one_at_a_time, records, bytes);
    add("four_at_once", four_at_once, records, bytes);
    if (kafka_address() == nullptr) continue;
    add("kafka_one_at_a_time", kafka_one_at_a_time, records, bytes);
    add("kafka_four_at_once", kafka_four_at_once, records, bytes);
  }
  add("plain_sqlite", plain_sqlite, 1, 200);
  add("append_to_tail_reader", tail_reader, 1, 200);
  if (kafka_address() != nullptr) add("kafka_append_to_tail_reader", kafka_tail_reader, 1, 200);
}

}  // namespace
}  // namespace telltale

int main(int argc, char** argv) {
  telltale::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  telltale::Ratios reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print();
  return 0;
}
