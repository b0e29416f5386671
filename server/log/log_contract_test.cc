#include "ports/log_contract_test.h"

#include "log/memory_log.h"
#include "log/sqlite_log.h"
#include "ports/faulty_log.h"

namespace telltale::ports {
namespace {

using Topics = std::map<std::string, int>;

std::shared_ptr<Log> memory_log(Runtime& loop, const Topics& topics) {
  return std::make_shared<log::MemoryLog>(loop, log::MemoryLogOptions{.topics = topics});
}

std::shared_ptr<Log> sqlite_log(Runtime&, const Topics& topics) {
  struct Kept {
    TemporaryFolder folder;
    std::unique_ptr<log::SqliteLog> log;
  };
  auto kept = std::make_shared<Kept>();
  kept->log = log::SqliteLog::open({.directory = kept->folder.path(), .topics = topics}).take();
  return {kept, kept->log.get()};
}

std::shared_ptr<Log> faulty_log(Runtime& loop, const Topics& topics) {
  struct Kept {
    Kept(Runtime& loop, const Topics& topics)
        : inner(loop, log::MemoryLogOptions{.topics = topics}), log(inner, loop) {}
    log::MemoryLog inner;
    FaultyLog log;
  };
  auto kept = std::make_shared<Kept>(loop, topics);
  return {kept, &kept->log};
}

INSTANTIATE_TEST_SUITE_P(Every, LogContract,
                         testing::Values(LogMaker{"Memory", memory_log},
                                         LogMaker{"Sqlite", sqlite_log},
                                         LogMaker{"FaultyWithoutFaults", faulty_log}),
                         name_of_maker);

}  // namespace
}  // namespace telltale::ports
