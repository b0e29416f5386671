// `telltale admin` as an operator types it, over what a fold worker wrote: a folder with its log,
// and a bucket of a real MinIO.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "component/minio_server.h"
#include "keep/event_block.h"
#include "log/directory_lock.h"
#include "log/memory_log.h"
#include "log/sqlite_log.h"
#include "loops/fold_worker.h"
#include "main/admin_command.h"
#include "ports/await_test.h"
#include "runtime/asio_runtime.h"
#include "schema/event.pb.h"
#include "store/directory_store.h"
#include "store/s3_store.h"

namespace telltale::component {
namespace {

using testing::HasSubstr;
using testing::Not;

RunKey run_key(const std::string& name) { return make_run_key("test", "", name, ""); }

ports::Record state_of(const std::string& name, schema::State state) {
  schema::Event event;
  event.set_run_key(run_key(name).text());
  event.set_id(name);
  event.set_happened_at_us(1'764'039'302'000'000);
  event.mutable_run_state()->set_name("the run " + name);
  event.mutable_run_state()->set_state(state);
  event.mutable_run_state()->set_version(1);
  return {event.run_key(), event.SerializeAsString(), 1'764'039'302'000'000};
}

// A run that ended and one that goes on, folded and archived.
void fill(runtime::AsioRuntime& loop, ports::Log& log, ports::Store& store) {
  Counters counters;
  loops::ArchivePace at_once;
  at_once.age_us = 0;
  auto worker = std::make_unique<loops::FoldWorker>(
      loop, log, store, counters, [](const std::string&) {}, at_once);
  worker->start();
  const auto appended = ports::ask<Result<ports::Appended>>(loop, [&](auto done) {
    log.append(ports::kEventsTopic,
               {state_of("ended", schema::SUCCEEDED), state_of("open", schema::RUNNING)},
               std::move(done));
  });
  while (counters.get(Counter::event_blocks) < 2)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::promise<void> stopped;
  worker->stop([&] { stopped.set_value(); });
  stopped.get_future().wait();
  ports::ask<bool>(loop, [&](auto done) {
    worker.reset();
    log.close();
    store.close();
    done(true);
  }).wait();
}

struct Ran {
  int status = 0;
  std::string said;
};

Ran run_admin(const std::string& arguments) {
  CLI::App app;
  main::AdminConfig config;
  const CLI::App& admin = main::add_admin(app, config);
  app.parse(arguments, false);
  testing::internal::CaptureStdout();
  const Result<int> status = main::admin_command(admin, config);
  const std::string said = testing::internal::GetCapturedStdout();
  return status.ok() ? Ran{status.value(), said} : Ran{2, said + status.error().message};
}

TEST(AdminCommand, LooksAfterAFolder) {
  const ports::TemporaryFolder folder;
  const std::string places = " --data " + folder.path();
  EXPECT_THAT(run_admin("admin list" + places).said, HasSubstr("There is no store in "));
  {
    runtime::AsioRuntime loop("fill");
    const auto log = log::SqliteLog::open({.directory = folder.path()}).take();
    const auto store = store::DirectoryStore::open(folder.path() + "/store").take();
    EXPECT_THAT(run_admin("admin list" + places).said, HasSubstr("Another Telltale (pid "));
    fill(loop, *log, *store);
    loop.join();
  }
  const Ran listed = run_admin("admin list" + places);
  EXPECT_THAT(listed.said,
              testing::ContainsRegex(run_key("ended").text() + "  succeeded .* the run ended\n"));
  EXPECT_THAT(listed.said,
              testing::ContainsRegex(run_key("open").text() + "  running .* the run open\n"));
  EXPECT_THAT(run_admin("admin list --json" + places).said, HasSubstr("\"name\":\"the run open\""));

  EXPECT_EQ(run_admin("admin verify" + places).status, 0);
  const std::string block =
      folder.path() + "/store/" + keep::event_block_key(run_key("ended"), {LogOffset{0}, 0});
  const std::string blocks = std::filesystem::path(block).parent_path();
  for (const auto& file : std::filesystem::directory_iterator(blocks))
    std::ofstream(file.path(), std::ios::app) << "damage";
  const Ran damaged = run_admin("admin verify" + places);
  EXPECT_EQ(damaged.status, 1);
  EXPECT_THAT(damaged.said, HasSubstr(run_key("ended").text() + "/events/"));
  EXPECT_THAT(damaged.said, HasSubstr("1 of it is wrong."));

  EXPECT_THAT(run_admin("admin delete" + places).said, HasSubstr("What is to be deleted?"));
  EXPECT_THAT(run_admin("admin delete --run " + run_key("open").text() + places).said,
              HasSubstr("still stands in a checkpoint"));
  EXPECT_THAT(run_admin("admin delete --older-than 0s --dry-run" + places).said,
              HasSubstr("Runs that would be removed: 1, "));
  const Ran deleted = run_admin("admin delete --older-than 0s" + places);
  EXPECT_EQ(deleted.status, 0);
  EXPECT_THAT(deleted.said, HasSubstr("They are gone from the list of runs."));
  EXPECT_THAT(run_admin("admin list" + places).said, Not(HasSubstr(run_key("ended").text())));
  EXPECT_EQ(run_admin("admin verify" + places).status, 0);
}

// The log of the folder was lost, or one of before was restored.
TEST(AdminCommand, MendsALogThatDoesNotFitItsStore) {
  const ports::TemporaryFolder folder;
  const std::string places = " --data " + folder.path();
  {
    runtime::AsioRuntime loop("fill");
    const auto log = log::SqliteLog::open({.directory = folder.path()}).take();
    const auto store = store::DirectoryStore::open(folder.path() + "/store").take();
    fill(loop, *log, *store);
    loop.join();
  }
  EXPECT_THAT(run_admin("admin mend-log" + places).said, HasSubstr("The log fits its store."));
  for (const char* name : {"log.db", "log.db-wal", "log.db-shm"})
    std::filesystem::remove(folder.path() + "/" + name);
  const Ran mended = run_admin("admin mend-log" + places);
  EXPECT_EQ(mended.status, 0) << mended.said;
  EXPECT_THAT(mended.said, HasSubstr("Partition 0 goes on at offset 2."));
  EXPECT_THAT(mended.said, HasSubstr("Runs listed again: 2."));
  EXPECT_THAT(run_admin("admin list" + places).said, HasSubstr("the run ended"));
  EXPECT_THAT(run_admin("admin mend-log" + places).said, HasSubstr("The log fits its store."));
  EXPECT_EQ(run_admin("admin verify" + places).status, 0);
}

// What an environment has as the process's own, which the command reads.
void set_variables(const store::Environment& environment) {
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
    ::setenv(name, environment(name).value_or("").c_str(), 1);
}

TEST(AdminCommand, LooksAfterABucketOfMinio) {
  NEEDS_MINIO();
  const MinioServer server;
  const ports::TemporaryFolder folder;
  set_variables(server.credentials());
  const std::string url = server.url("", "site");
  {
    runtime::AsioRuntime loop("fill");
    auto log = std::make_unique<log::MemoryLog>(loop);
    const auto store = store::open_s3_store(url, server.credentials(), MinioServer::fetch()).take();
    fill(loop, *log, *store);
    ports::ask<bool>(loop, [&](auto done) {
      log.reset();
      done(true);
    }).wait();
    loop.join();
  }
  const std::string places = " --store '" + url + "' --data " + folder.path();
  const Ran listed = run_admin("admin list" + places);
  EXPECT_THAT(listed.said, testing::ContainsRegex(run_key("ended").text() + "  - .* 20.*-.*-"));
  EXPECT_THAT(listed.said, HasSubstr("Runs: 2. "));
  const Ran whole = run_admin("admin verify" + places);
  EXPECT_EQ(whole.status, 0) << whole.said;
  EXPECT_THAT(whole.said, HasSubstr("blocks 2, events in them 2."));

  EXPECT_THAT(run_admin("admin delete --run " + run_key("open").text() + places).said,
              HasSubstr("still stands in a checkpoint"));
  const Ran deleted = run_admin("admin delete --run " + run_key("ended").text() + places);
  EXPECT_EQ(deleted.status, 0) << deleted.said;
  EXPECT_THAT(deleted.said, HasSubstr("The list of runs still names them"));
  EXPECT_EQ(run_admin("admin delete --force --run " + run_key("open").text() + places).status, 0);
  EXPECT_THAT(run_admin("admin list" + places).said, HasSubstr("Runs: 0. "));
  EXPECT_EQ(run_admin("admin verify" + places).status, 0);
}

}  // namespace
}  // namespace telltale::component
