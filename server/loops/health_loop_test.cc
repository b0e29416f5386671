#include "loops/health_loop.h"

#include <gtest/gtest.h>

#include "log/memory_log.h"
#include "ports/faulty_log.h"
#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "store/memory_store.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

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
  log_.faults.delay_us_max = 3'600 * kSecondUs;
  loop_.advance(5 * kSecondUs);
  EXPECT_EQ(health_.troubles(), "log: does not answer\n");
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
