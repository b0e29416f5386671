#include "loops/source_holder.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "collect/memory_source.h"
#include "log/memory_log.h"
#include "ports/open_gate_test.h"
#include "runtime/sim_runtime.h"

namespace telltale::loops {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

// One file, of which each process has an eye of its own; and what processes share, the log.
class SourceHolderTest : public testing::Test {
 protected:
  struct Eye final : ports::Source {
    Eye(SourceHolderTest& test, ports::Source& world) : test(test), world(world) { ++test.open_; }
    ~Eye() override { --test.open_; }
    void read(std::string from, ports::SourceLimits limits,
              ports::Completion<Result<ports::SourceBatch>> done) override {
      test.most_open_ = std::max(test.most_open_, test.open_);
      // The world has one reader at a time, and this one may be gone by then.
      limits.wait_us = 0;
      test.loop_.post_after(10'000, alive.task([this, from = std::move(from), limits,
                                                done = std::move(done)]() mutable {
        world.read(std::move(from), limits, std::move(done));
      }));
    }
    void close() override {}
    SourceHolderTest& test;
    ports::Source& world;
    ports::Alive alive;
  };

  void SetUp() override { spdlog::set_level(spdlog::level::off); }

  std::unique_ptr<SourceHolder> process(const std::string& name = "memory:test") {
    auto open = [this] {
      auto parse = [](const std::vector<ports::Item>& items) {
        std::vector<ports::Record> records;
        for (const ports::Item& item : items) records.push_back({"run", item.bytes, 0});
        return records;
      };
      return SourceHolder::Opened{std::make_unique<Eye>(*this, world_), parse};
    };
    auto made =
        std::make_unique<SourceHolder>(loop_, log_, gate_, name, counters_, open,
                                       [this](const std::string& trouble) { trouble_ = trouble; });
    made->start();
    return made;
  }
  // Of each fact how often it came into the log.
  std::map<std::string, int> told() {
    std::map<std::string, int> told;
    log_.read({ports::kEventsTopic, 0}, LogOffset{0}, {}, {loop_, [&](auto records) {
                                                             for (const auto& stored : *records)
                                                               ++told[stored.record.value];
                                                           }});
    loop_.advance(kSecondUs);
    return told;
  }

  runtime::SimRuntime loop_{1};
  log::MemoryLog log_{loop_};
  ports::OpenGate gate_{loop_, log_};
  collect::MemorySource world_{loop_};
  Counters counters_;
  std::string trouble_;
  int open_ = 0;
  int most_open_ = 0;
};

using Told = std::map<std::string, int>;

TEST_F(SourceHolderTest, OfTwoThatStartAtOnceOneReads) {
  const auto one = process();
  const auto other = process();
  world_.add({"a", "b"});
  loop_.advance(60 * kSecondUs);
  world_.add({"c"});
  loop_.advance(kSecondUs);
  EXPECT_EQ(told(), (Told{{"a", 1}, {"b", 1}, {"c", 1}}));
  EXPECT_EQ(open_, 1);
  EXPECT_EQ(most_open_, 1);
}

TEST_F(SourceHolderTest, WhenOneDiesTheOtherGoesOnFromWhereItWas) {
  auto one = process();
  auto other = process();
  world_.add({"a"});
  loop_.advance(2 * kSecondUs);
  ASSERT_EQ(told(), (Told{{"a", 1}}));
  one.reset();
  world_.add({"b"});
  loop_.advance(60 * kSecondUs);
  EXPECT_EQ(told(), (Told{{"a", 1}, {"b", 1}}));
  one = process();
  loop_.advance(2 * kSecondUs);
  other.reset();
  world_.add({"c"});
  loop_.advance(60 * kSecondUs);
  EXPECT_EQ(told(), (Told{{"a", 1}, {"b", 1}, {"c", 1}}));
  EXPECT_EQ(most_open_, 1);
}

TEST_F(SourceHolderTest, WhoStopsLeavesItToTheOther) {
  const auto one = process();
  const auto other = process();
  world_.add({"a"});
  loop_.advance(50'000);  // its position is not kept yet
  bool stopped = false;
  one->stop([&] { stopped = true; });
  world_.add({"b"});
  loop_.advance(60 * kSecondUs);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(told(), (Told{{"a", 1}, {"b", 1}}));
  EXPECT_EQ(open_, 1);
}

TEST_F(SourceHolderTest, AnotherSourceIsHeldByWhoHasIt) {
  const auto one = process("memory:another");
  const auto other = process();
  loop_.advance(kSecondUs);
  EXPECT_EQ(open_, 2);
  EXPECT_TRUE(trouble_.empty());
}

TEST_F(SourceHolderTest, APositionThatIsToBeKeptNowIsKeptNow) {
  struct Listing final : ports::Source {
    void read(std::string from, ports::SourceLimits,
              ports::Completion<Result<ports::SourceBatch>> done) override {
      if (from == "2") return;  // nothing more
      const std::string at = from.empty() ? "1" : "2";
      done(ports::SourceBatch{{{at, at, 1}}, at, at == "2"});
    }
    void close() override {}
  };
  Listing listing;
  CollectLoop collect(
      loop_, log_, gate_, listing, "listing", counters_,
      [](const std::vector<ports::Item>& items) {
        return std::vector<ports::Record>{{"run", items.front().bytes, 0}};
      },
      [](const std::string&) {});
  collect.start();
  loop_.advance(1'000);  // far less than the second after which positions are kept
  std::string last;
  log_.read({ports::kSourcesTopic, 0}, LogOffset{0}, {},
            {loop_, [&](auto records) { last = records->back().record.value; }});
  loop_.advance(1'000);
  EXPECT_NE(last.find('2'), std::string::npos);
}

}  // namespace
}  // namespace telltale::loops
