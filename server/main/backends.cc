#include "main/backends.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "log/kafka_log.h"
#include "log/sqlite_log.h"
#include "main/event_headers.h"
#include "net/curl_fetch.h"
#include "ports/jobs_topic.h"
#include "store/directory_store.h"
#include "store/s3_store.h"

namespace telltale::main {
namespace {

constexpr std::chrono::seconds kPause{1};

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

using StartAt = std::map<int, LogOffset>;

Result<std::unique_ptr<ports::Log>> open_log(const ServeConfig& config, const StartAt& start_at) {
  if (starts_with(config.log, "kafka://")) {
    log::KafkaLogOptions kafka;
    kafka.describe = event_headers;
    return log::open_kafka_log(config.log, std::move(kafka));
  }
  if (config.log != "sqlite") {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("--log {}: a log is sqlite or kafka://HOST:PORT.", config.log)};
  }
  log::SqliteLogOptions options;
  options.directory = config.data;
  for (const auto& [partition, offset] : start_at)
    options.start_at[{ports::kEventsTopic, partition}] = offset;
  auto log = log::SqliteLog::open(std::move(options));
  if (!log.ok()) return log.error();
  return std::unique_ptr<ports::Log>(log.take());
}

Result<std::unique_ptr<ports::Store>> open_store(const ServeConfig& config,
                                                 ports::HttpFetch& fetch) {
  if (starts_with(config.store, "s3://"))
    return store::open_s3_store(config.store, store::process_environment(), fetch);
  if (config.store != "directory") {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("--store {}: a store is directory or s3://BUCKET.", config.store)};
  }
  auto store = store::DirectoryStore::open(config.data + "/store");
  if (!store.ok()) return store.error();
  return std::unique_ptr<ports::Store>(store.take());
}

// What is on other machines may come after this process: waits for it, and says what it waits for.
template <typename Open>
auto once_there(bool elsewhere, Open open) {
  while (true) {
    auto opened = open();
    if (opened.ok() || !elsewhere || opened.error().code != ErrorCode::unavailable) return opened;
    spdlog::warn("{} Waiting for it.", opened.error().message);
    std::this_thread::sleep_for(kPause);
  }
}

// A list of runs has one order, and so has the queue of jobs: that of the topic's one partition.
Status check_topics(const ports::Log& log) {
  for (const char* topic : {ports::kRunsTopic, ports::kJobsTopic}) {
    const int partitions = log.partition_count(topic);
    if (partitions == 1) continue;
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("The topic {} has {} partitions; it must have one.", topic, partitions)};
  }
  return Done{};
}

Result<Backends> open_both(const ServeConfig& config, bool patient, const StartAt& start_at = {}) {
  Backends backends;
  backends.fetch = std::make_unique<net::CurlFetch>();
  // The log of this machine locks the folder itself.
  if (config.log != "sqlite" && config.store == "directory") {
    auto folder = log::DirectoryLock::take(config.data);
    if (!folder.ok()) return folder.error();
    backends.folder = folder.take();
  }
  auto log =
      once_there(patient && config.log != "sqlite", [&] { return open_log(config, start_at); });
  if (!log.ok()) return log.error();
  backends.log = log.take();
  if (Status good = check_topics(*backends.log); !good.ok()) return good.error();
  const bool store_elsewhere = config.store != "directory";
  auto store =
      once_there(patient && store_elsewhere, [&] { return open_store(config, *backends.fetch); });
  if (!store.ok()) return store.error();
  backends.store = store.take();
  return backends;
}

}  // namespace

Result<Backends> Backends::open(const ServeConfig& config) { return open_both(config, true); }

Result<Backends> Backends::open_to_mend(ServeConfig config, const StartAt& start_at) {
  config.log = "sqlite";
  return open_both(config, false, start_at);
}

Result<Backends> Backends::open_for_admin(ServeConfig config) {
  if (config.store == "directory") {
    std::error_code error;
    if (!std::filesystem::is_directory(config.data + "/store", error)) {
      return Error{ErrorCode::not_found,
                   fmt::format("There is no store in {}: --data names the folder of a server, and "
                               "--store s3://BUCKET a bucket.",
                               config.data)};
    }
    if (config.log.empty() && std::filesystem::is_regular_file(config.data + "/log.db", error))
      config.log = "sqlite";
  }
  if (!config.log.empty()) return open_both(config, false);
  Backends backends;
  backends.fetch = std::make_unique<net::CurlFetch>();
  if (config.store == "directory") {
    auto folder = log::DirectoryLock::take(config.data);
    if (!folder.ok()) return folder.error();
    backends.folder = folder.take();
  }
  auto store = open_store(config, *backends.fetch);
  if (!store.ok()) return store.error();
  backends.store = store.take();
  return backends;
}

}  // namespace telltale::main
