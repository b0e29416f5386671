#include "loops/health_loop.h"

#include <gtest/gtest.h>

#include "keep/checkpoint.h"
#include "log/memory_log.h"
#include "ports/faulty_log.h"
#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "store/memory_store.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

// A disk that is full serves reads.
class ReadOnlyLog final : public ports::FaultyLog {
 public:
  using ports::FaultyLog::FaultyLog;
  void check(ports::Completion<Status> done) override {
    done(Error{ErrorCode::storage_full, "The disk is full."});
  }
};

class HealthLoopTest : public testing::Test {
 protected:
  runtime::SimRuntime loop_{1};
  log::MemoryLog kept_{loop_};
  store::MemoryStore objects_;
  ports::FaultyLog log_{kept_, loop_};
  ports::FaultyStore store_{objects_, loop_};
  HealthLoop health_{loop_, log_, store_};
};

TEST_F(HealthLoopTest, IsNotReadyBeforeLogAndStoreAnswered) {
  EXPECT_NE(health_.troubles(), "");
  health_.start();
  loop_.run_until_idle();
  EXPECT_EQ(health_.troubles(), "");
}

TEST_F(HealthLoopTest, TellsWhatIsAwayAndThatItIsBack) {
  health_.start();
  store_.faults.fail_percent = 100;
  store_.faults.error.message = "The store is away.";
  loop_.advance(3 * kSecondUs);
  EXPECT_EQ(health_.troubles(), "store: The store is away.\n");
  store_.faults.fail_percent = 0;
  loop_.advance(3 * kSecondUs);
  EXPECT_EQ(health_.troubles(), "");
}

TEST_F(HealthLoopTest, SilenceIsTroubleToo) {
  health_.start();
  loop_.run_until_idle();
  log_.faults.delay_us_max = 3'600 * kSecondUs;
  loop_.advance(5 * kSecondUs);
  EXPECT_EQ(health_.troubles(), "log: does not answer\n");
}

TEST_F(HealthLoopTest, TellsThatNothingCanBeWritten) {
  ReadOnlyLog log(kept_, loop_);
  HealthLoop health(loop_, log, store_);
  health.start();
  loop_.run_until_idle();
  EXPECT_EQ(health.troubles(), "log: The disk is full.\n");
}

// The checkpoint says up to where the store has everything.
TEST_F(HealthLoopTest, ALogThatEndsBeforeItsStoreFitsItNot) {
  const auto append = [this](int records) {
    kept_.append(ports::kEventsTopic, std::vector<ports::Record>(records, {"key", "", 1}),
                 {loop_, [](Result<ports::Appended>) {}});
  };
  append(7);
  keep::Checkpoint checkpoint;
  checkpoint.next = LogOffset{8};
  checkpoint.archived.next = LogOffset{9};
  objects_.put(keep::checkpoint_key(0), keep::encode_checkpoint(checkpoint), {},
               {loop_, [](Result<std::string>) {}});
  std::vector<std::string> told;
  HealthLoop health(loop_, log_, store_,
                    [&](const std::string& why_not) { told.push_back(why_not); });
  health.start();
  loop_.advance(5 * kSecondUs);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("ends at 7, but the store has what stood before 9"), std::string::npos);
  EXPECT_NE(told[0].find("telltale admin mend-log"), std::string::npos);
  EXPECT_EQ(health.troubles(), "log and store: " + told[0] + "\n");
  append(2);
  loop_.advance(5 * kSecondUs);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1], "");
  EXPECT_EQ(health.troubles(), "");
}

TEST_F(HealthLoopTest, WhetherTheyFitIsNotToldBeforeTheStoreAnswered) {
  store_.faults.fail_percent = 100;
  int told = 0;
  HealthLoop health(loop_, log_, store_, [&](const std::string&) { ++told; });
  health.start();
  loop_.advance(5 * kSecondUs);
  EXPECT_EQ(told, 0);
  store_.faults.fail_percent = 0;
  loop_.advance(5 * kSecondUs);
  EXPECT_EQ(told, 1);
}

TEST_F(HealthLoopTest, PartsTellTheirOwn) {
  health_.start();
  loop_.run_until_idle();
  health_.tell("serve", "reads the log");
  EXPECT_EQ(health_.troubles(), "serve: reads the log\n");
  health_.tell("serve", "");
  EXPECT_EQ(health_.troubles(), "");
}

}  // namespace
}  // namespace telltale::loops
