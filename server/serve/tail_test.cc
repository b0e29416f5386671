#include "serve/tail.h"

#include <gtest/gtest.h>

#include "log/memory_log.h"
#include "runtime/sim_runtime.h"

namespace telltale::serve {
namespace {

// A machine on which a look at the clock takes 4 ms, as work between two of them might.
class SlowRuntime final : public ports::Runtime {
 public:
  explicit SlowRuntime(runtime::SimRuntime& loop) : loop_(loop) {}
  EpochUs now() const override { return loop_.now(); }
  std::int64_t steady_us() const override { return loop_.steady_us() + 4'000 * ++looks_; }
  void post(ports::Task task) override {
    ++posts;
    loop_.post(std::move(task));
  }
  ports::TimerId post_after(std::int64_t delay_us, ports::Task task) override {
    return loop_.post_after(delay_us, std::move(task));
  }
  void cancel(ports::TimerId timer) override { loop_.cancel(timer); }
  std::uint64_t random() override { return loop_.random(); }

  int posts = 0;

 private:
  runtime::SimRuntime& loop_;
  mutable std::int64_t looks_ = 0;
};

TEST(Tail, HandsOnALargeBatchInTurns) {
  runtime::SimRuntime loop{1};
  SlowRuntime slow(loop);  // the log answers who waits on it when it closes
  log::MemoryLog log{loop};
  std::vector<ports::Record> records;
  for (int i = 0; i < 1'000; ++i) records.push_back({"key", std::to_string(i), 0});
  log.append(ports::kEventsTopic, records, {loop, [](Result<ports::Appended>) {}});
  loop.run_until_idle();
  std::vector<std::string> seen;
  std::size_t most = 0;
  const Tail tail(slow, log, {ports::kEventsTopic, 0}, LogOffset{0}, [&](const auto& part) {
    most = std::max(most, part.size());
    for (const ports::StoredRecord& record : part) seen.push_back(record.record.value);
  });
  loop.run_until_idle();
  ASSERT_EQ(seen.size(), records.size());
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], std::to_string(i));
  EXPECT_LE(most, 32U);
  EXPECT_GE(slow.posts, 5);
  EXPECT_EQ(tail.next(), LogOffset{1'000});
}

}  // namespace
}  // namespace telltale::serve
