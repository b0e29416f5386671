#include "loops/event_archive.h"

#include <gtest/gtest.h>

#include "ports/faulty_store.h"
#include "runtime/sim_runtime.h"
#include "store/memory_store.h"

namespace telltale::loops {
namespace {

constexpr std::uint64_t kGeneration = 12;
constexpr std::int64_t kSecondUs = 1'000'000;

RunKey run(int number) { return make_run_key("test", "", std::to_string(number), ""); }

class EventArchiveTest : public testing::Test {
 protected:
  EventArchiveTest() {
    pace_.block_bytes = 1'000;
    pace_.open_bytes = 4'000;
    pace_.waiting_bytes = 4'000;
    pace_.lag_bytes = 100'000;
  }
  EventArchive& archive() {
    if (!archive_) {
      archive_ = std::make_unique<EventArchive>(loop_, faulty_, counters_, pace_);
      archive_->start(kGeneration, {LogOffset{100}, {}});
    }
    return *archive_;
  }
  // The partition's next record.
  void add(int number, std::size_t bytes = 10) {
    archive().add(run(number),
                  {LogOffset{next_}, {run(number).text(), std::string(bytes, 'x'), 7}});
    archive().read_up_to(LogOffset{++next_});
  }
  std::uint64_t archived() { return to_number(archive().archived().next); }
  // First offsets of a run's blocks in the store, and what else their names say.
  std::vector<std::uint64_t> blocks(int number) {
    std::vector<std::uint64_t> firsts;
    const std::string prefix = keep::event_blocks_prefix(run(number));
    loop_.run_until_idle();  // what is on its way arrives
    store_.list(prefix, {}, 1'000, {loop_, [&](Result<std::vector<ports::ObjectInfo>> found) {
                                      for (const ports::ObjectInfo& object : *found) {
                                        const auto id = keep::parse_event_block_id(
                                            std::string_view(object.key).substr(prefix.size()));
                                        EXPECT_EQ(id->generation, kGeneration);
                                        firsts.push_back(to_number(id->first));
                                      }
                                    }});
    loop_.run_until_idle();
    return firsts;
  }
  using Firsts = std::vector<std::uint64_t>;

  runtime::SimRuntime loop_{1};
  store::MemoryStore store_;
  ports::FaultyStore faulty_{store_, loop_};
  Counters counters_;
  ArchivePace pace_;
  std::unique_ptr<EventArchive> archive_;
  std::uint64_t next_ = 100;
};

TEST_F(EventArchiveTest, ABlockSaysWhatItFollows) {
  const auto after = [this](std::uint64_t first) {
    std::optional<LogOffset> found;
    loop_.run_until_idle();
    store_.get(keep::event_block_key(run(1), {LogOffset{first}, kGeneration}), {},
               {loop_, [&](Result<ports::Object> object) {
                  found = keep::decode_event_block(object->bytes)->after();
                }});
    loop_.run_until_idle();
    return found;
  };
  const auto add_after = [this](Before before) {
    archive().add(run(1), {LogOffset{next_}, {run(1).text(), std::string(1'000, 'x'), 7}}, before);
    archive().read_up_to(LogOffset{++next_});
  };
  // Nobody knows: the store does.
  add(1, 1'000);
  EXPECT_EQ(after(100), std::nullopt);
  add(1, 1'000);
  EXPECT_EQ(after(101), LogOffset{100});
  add_after({true, LogOffset{101}});
  EXPECT_EQ(after(102), LogOffset{101});
  add_after({true, std::nullopt});
  EXPECT_EQ(after(103), std::nullopt);
  // A store that cannot be listed is asked again.
  faulty_.faults.fail_percent = 100;
  add(1, 1'000);
  loop_.advance(kSecondUs);
  faulty_.faults = {};
  loop_.advance(kSecondUs);
  EXPECT_EQ(after(104), LogOffset{103});
}

TEST_F(EventArchiveTest, FewEventsWaitUntilTheyAreOld) {
  add(1);
  add(2);
  add(1);
  loop_.advance(pace_.age_us - 1);
  archive().read_up_to(LogOffset{next_});
  EXPECT_EQ(blocks(1), Firsts{});
  EXPECT_EQ(archived(), 100U);  // whoever comes next reads them again
  loop_.advance(1);
  archive().read_up_to(LogOffset{next_});
  EXPECT_EQ(blocks(1), Firsts{100});
  EXPECT_EQ(blocks(2), Firsts{101});
  EXPECT_EQ(archived(), 103U);
}

TEST_F(EventArchiveTest, ManyEventsGoAtOnceAndTheOldestUnsavedHoldsThePlace) {
  add(1);
  for (int i = 0; i < 3; ++i) add(2, 400);
  EXPECT_EQ(blocks(2), Firsts{101});
  EXPECT_EQ(archived(), 100U);
  archive().close(run(1));
  EXPECT_EQ(blocks(1), Firsts{100});
  EXPECT_EQ(archived(), 104U);
}

TEST_F(EventArchiveTest, WhatIsFarBehindGoesSoThatLittleIsReadAgain) {
  pace_.lag_bytes = 5'000;
  add(1);
  for (int i = 0; i < 5; ++i) add(2, 1'000);
  EXPECT_EQ(blocks(1), Firsts{100});
}

TEST_F(EventArchiveTest, TheBiggestGoFirstWhereAllAreTooMuch) {
  pace_.block_bytes = 100'000;
  add(1, 2'500);
  add(2, 100);
  add(3, 1'600);
  EXPECT_EQ(blocks(1), Firsts{100});
  EXPECT_EQ(blocks(2), Firsts{});
  EXPECT_EQ(blocks(3), Firsts{});
}

TEST_F(EventArchiveTest, WhatTheStoreDidNotTakeIsTriedAgainAndHeldUntilThen) {
  faulty_.faults.fail_percent = 100;
  add(1, 1'000);
  loop_.advance(2 * kSecondUs);
  EXPECT_EQ(archived(), 100U);
  EXPECT_GT(counters_.get(Counter::event_block_failures), 1U);
  EXPECT_EQ(archive().on_their_way(run(1)).size(), 1U);
  faulty_.faults = {};
  faulty_.faults.lose_answer_percent = 100;  // kept, which the next try finds out
  loop_.advance(kSecondUs);
  faulty_.faults = {};
  loop_.advance(kSecondUs);
  EXPECT_EQ(archived(), 101U);
  EXPECT_EQ(blocks(1), Firsts{100});
  EXPECT_TRUE(archive().on_their_way(run(1)).empty());
}

TEST_F(EventArchiveTest, AStoreThatIsAwayStopsTheReadingUntilThereIsRoom) {
  faulty_.faults.fail_percent = 100;
  for (int i = 0; i < 4; ++i) add(1, 1'000);
  EXPECT_TRUE(archive().full());
  bool room = false;
  archive().when_room([&] { room = true; });
  loop_.advance(kSecondUs);
  EXPECT_FALSE(room);
  faulty_.faults = {};
  loop_.advance(kSecondUs);
  EXPECT_TRUE(room);
  EXPECT_FALSE(archive().full());
}

TEST_F(EventArchiveTest, AGapIsToldAndNoBlockGoesOverIt) {
  add(1);
  next_ = 110;
  archive().skip_to(LogOffset{next_});
  add(1);
  archive().close(run(1));
  EXPECT_EQ(blocks(1), (Firsts{100, 110}));
  EXPECT_EQ(archive().archived(),
            (keep::Archived{LogOffset{111}, {{LogOffset{101}, LogOffset{110}}}}));
  EXPECT_EQ(counters_.get(Counter::events_unarchived), 9U);
  archive().skip_to(LogOffset{105});  // was read
  EXPECT_EQ(archive().archived().gaps.size(), 1U);
}

TEST_F(EventArchiveTest, AfterManyGapsTheNewestAreToldAsOne) {
  for (std::size_t i = 0; i < limits::kArchiveGaps + 5; ++i) {
    archive().skip_to(LogOffset{next_ += 2});
    add(1);
  }
  const std::vector<keep::OffsetRange> gaps = archive().archived().gaps;
  EXPECT_EQ(gaps.size(), limits::kArchiveGaps);
  EXPECT_EQ(gaps.front(), (keep::OffsetRange{LogOffset{100}, LogOffset{102}}));
  EXPECT_EQ(gaps.back().end, LogOffset{next_ - 1});
}

TEST_F(EventArchiveTest, OnceStoppedItPutsNothing) {
  add(1);
  archive().close(run(1));
  archive().stop();
  EXPECT_EQ(blocks(1), Firsts{});
}

}  // namespace
}  // namespace telltale::loops
