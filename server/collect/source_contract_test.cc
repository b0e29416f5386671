#include "ports/source_contract_test.h"

#include <fstream>

#include "collect/file_source.h"
#include "collect/memory_source.h"
#include "ports/faulty_source.h"
#include "runtime/sim_runtime.h"

namespace telltale::ports {
namespace {

class MemoryWorld : public SourceWorld {
 public:
  explicit MemoryWorld(Runtime& loop) : loop_(loop), memory_(loop) {}

  Source& source() override { return memory_; }
  void add(const Facts& facts) override {
    on_loop([&] { memory_.add(facts); });
  }
  void replace(const Facts& facts) override {
    on_loop([&] { memory_.replace(facts); });
  }
  void reopen() override {
    on_loop([&] { memory_.drop_waiting(); });
  }

 protected:
  template <typename Change>
  void on_loop(Change change) {
    ask<bool>(loop_, [&](auto done) {
      change();
      done(true);
    }).get();
  }

  Runtime& loop_;
  collect::MemorySource memory_;
};

class FaultyWorld final : public MemoryWorld {
 public:
  explicit FaultyWorld(Runtime& loop) : MemoryWorld(loop), faulty_(memory_, loop) {}
  Source& source() override { return faulty_; }

 private:
  FaultySource faulty_;
};

class FileWorld final : public SourceWorld {
 public:
  FileWorld() { reopen(); }

  Source& source() override { return *source_; }
  void add(const Facts& facts) override { write(facts, std::ios::app); }
  void replace(const Facts& facts) override { write(facts, std::ios::trunc); }
  void reopen() override {
    source_.reset();
    source_ = std::make_unique<collect::FileSource>("file:test", path_);
  }

 private:
  void write(const Facts& facts, std::ios::openmode mode) {
    std::ofstream file(path_, mode | std::ios::binary);
    for (const std::string& fact : facts) file << fact << '\n';
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/events.ndjson";
  std::unique_ptr<collect::FileSource> source_;
};

template <typename World>
std::unique_ptr<SourceWorld> make(Runtime& loop) {
  return std::make_unique<World>(loop);
}

std::unique_ptr<SourceWorld> make_file(Runtime&) { return std::make_unique<FileWorld>(); }

INSTANTIATE_TEST_SUITE_P(Every, SourceContract,
                         testing::Values(SourceMaker{"Memory", make<MemoryWorld>},
                                         SourceMaker{"File", make_file},
                                         SourceMaker{"FaultyWithoutFaults", make<FaultyWorld>}),
                         name_of_source);

// Reads as the port says it is to be read: again what failed, from "" what has expired.
struct PatientReader {
  PatientReader(Runtime& runtime, Source& source) : runtime(runtime), source(source) {}

  void read() {
    source.read(position, {.items_max = 3, .wait_us = 1'000},
                {runtime, [this](auto batch) {
                   if (batch.ok()) {
                     for (const Item& item : batch->items) take(item);
                     position = batch->position;
                   } else {
                     ++errors;
                     if (batch.error().code == ErrorCode::expired) position.clear();
                   }
                   read();
                 }});
  }
  void take(const Item& item) {
    if (ids.insert(item.id).second) facts.push_back(item.bytes);
  }

  Runtime& runtime;
  Source& source;
  std::string position;
  std::set<std::string> ids;
  SourceWorld::Facts facts;
  int errors = 0;
};

TEST(FaultySource, WhoReadsPatientlyHasEveryFactOnceAndInOrder) {
  int errors = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    runtime::SimRuntime runtime(seed);
    collect::MemorySource memory(runtime);
    FaultySource faulty(memory, runtime,
                        {.fail_percent = 10, .lose_answer_percent = 10, .delay_us_max = 5'000}, 5);
    PatientReader reader(runtime, faulty);
    reader.read();
    SourceWorld::Facts facts;
    for (int i = 0; i < 100; ++i) {
      facts.push_back(std::to_string(i));
      memory.add({facts.back()});
      runtime.advance(static_cast<std::int64_t>(runtime.random() % 2'000));
    }
    faulty.faults = {};
    faulty.expire_percent = 0;
    runtime.advance(1'000'000);
    ASSERT_EQ(reader.facts, facts) << "seed " << seed;
    errors += reader.errors;
    memory.drop_waiting();
    runtime.drop_all();
  }
  EXPECT_GT(errors, 200);  // else the faults would prove nothing
}

}  // namespace
}  // namespace telltale::ports
