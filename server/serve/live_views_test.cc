// Runs that are opened where no snapshot can be used: from the archive, and the log behind it.
#include "serve/live_views.h"

#include <gtest/gtest.h>

#include "fold/snapshot.h"
#include "keep/checkpoint.h"
#include "keep/event_block.h"
#include "log/memory_log.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"
#include "store/memory_store.h"

namespace telltale::serve {
namespace {

constexpr std::uint64_t kEvents = 10;

RunKey run() { return make_run_key("test", "", "run", ""); }

schema::Event event_at(std::uint64_t offset) {
  schema::Event event;
  event.set_run_key(run().text());
  event.set_epoch("epoch");
  event.set_sequence(offset + 1);
  event.mutable_metric_points()->set_path("task");
  event.mutable_metric_points()->set_name("loss");
  event.mutable_metric_points()->add_value(static_cast<double>(offset));
  return event;
}

class LiveViewsTest : public testing::Test {
 protected:
  LiveViewsTest() {
    for (std::uint64_t offset = 0; offset < kEvents; ++offset) {
      log_.append(ports::kEventsTopic, {{run().text(), event_at(offset).SerializeAsString(), 0}},
                  {loop_, [](Result<ports::Appended>) {}});
    }
    loop_.run_until_idle();
    views_.start([] {});
    loop_.advance(1'000'000);
  }

  // Offsets, both among them.
  void archive(std::uint64_t first, std::uint64_t last) {
    keep::EventBlockBuilder block;
    for (std::uint64_t offset = first; offset <= last; ++offset) {
      const std::string value = event_at(offset).SerializeAsString();
      block.add({LogOffset{offset}, 0, value});
    }
    put(keep::event_block_key(run(), {LogOffset{first}, 1}), block.encode(run()));
  }
  void put_checkpoint(std::uint64_t archived) {
    keep::Checkpoint checkpoint;
    checkpoint.next = LogOffset{kEvents};
    checkpoint.archived.next = LogOffset{archived};
    checkpoint.fold_version = fold::kFoldVersion;
    put(keep::checkpoint_key(partition_.number), keep::encode_checkpoint(checkpoint));
  }
  void put(std::string key, std::string bytes) {
    store_.put(std::move(key), std::move(bytes), {}, {loop_, [](Result<std::string>) {}});
  }
  void expire(std::uint64_t before) { log_.expire(partition_, LogOffset{before}); }

  std::string opened() {
    std::string answer = "no answer";
    views_.open(run(), [&](Result<LiveViews::RunPtr> opened) {
      answer = opened.ok() ? *fold::encode((*opened)->view) : opened.error().message;
    });
    loop_.advance(1'000'000);
    return answer;
  }
  static std::string whole() {
    fold::RunView view(run());
    for (std::uint64_t offset = 0; offset < kEvents; ++offset)
      view.apply(LogOffset{offset}, event_at(offset));
    return *fold::encode(view);
  }

  runtime::SimRuntime loop_{1};
  log::MemoryLog log_{loop_};
  store::MemoryStore store_;
  Counters counters_;
  LiveViews views_{loop_, log_, store_, counters_};
  const ports::Partition partition_{ports::kEventsTopic,
                                    log_.partition_of(ports::kEventsTopic, run().text())};
};

TEST_F(LiveViewsTest, ARunWithoutSnapshotComesFromTheArchiveAndTheLogBehindIt) {
  archive(0, 3);
  archive(4, 6);
  put_checkpoint(7);
  expire(7);
  EXPECT_EQ(opened(), whole());
  EXPECT_EQ(counters_.get(Counter::runs_refolded), 1U);
}

TEST_F(LiveViewsTest, ABlockThatIsThereBeforeItsTurnHidesNothing) {
  archive(0, 3);
  archive(7, 8);  // 4 to 6 are on their way
  put_checkpoint(4);
  expire(4);
  EXPECT_EQ(opened(), whole());
}

TEST_F(LiveViewsTest, WithoutACheckpointTheArchiveHasWhatTheLogHasNot) {
  archive(0, 5);
  expire(5);
  EXPECT_EQ(opened(), whole());
}

TEST_F(LiveViewsTest, ARunOfWhichNothingIsAnywhereIsNotFound) {
  put_checkpoint(kEvents);
  EXPECT_NE(opened().find("No run has this key"), std::string::npos) << opened();
}

}  // namespace
}  // namespace telltale::serve
