#include "serve/live_session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "base/limits.h"
#include "log/memory_log.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"
#include "schema/view.pb.h"
#include "store/memory_store.h"

namespace telltale::serve {
namespace {

constexpr std::uint32_t kRun = 1;
constexpr std::uint32_t kPoints = 2;
constexpr std::uint32_t kLog = 3;

RunKey run() { return make_run_key("test", "", "run", ""); }

// A peer that reads when it is told to.
class Peer final : public ports::Transport {
 public:
  void send(std::string message) override { waiting_.push_back(std::move(message)); }
  void close() override { closed = true; }

  bool closed = false;

  // The message on its way; none: an empty one.
  schema::ServerMessage take(ports::Session& session) {
    schema::ServerMessage message;
    if (waiting_.empty()) return message;
    EXPECT_EQ(waiting_.size(), 1U);
    EXPECT_TRUE(message.ParseFromString(waiting_.front()));
    waiting_.clear();
    session.sent();
    return message;
  }

 private:
  std::vector<std::string> waiting_;
};

class LiveSessionTest : public testing::Test {
 protected:
  explicit LiveSessionTest(WatchLimits limits = {})
      : views_(loop_, log_, store_, counters_, limits) {
    tell([](schema::Event& event) { event.mutable_run_state()->set_state(schema::RUNNING); });
    runs_.start([] {});
    views_.start([] {});
    loop_.run_until_idle();
    session_.start();
    peer_.take(session_);  // hello
  }

  template <typename Fill>
  void tell(Fill fill) {
    schema::Event event;
    event.set_run_key(run().text());
    event.set_epoch("epoch");
    event.set_sequence(++told_);
    fill(event);
    log_.append(ports::kEventsTopic, {{run().text(), event.SerializeAsString(), 0}},
                {loop_, [](Result<ports::Appended>) {}});
  }
  void tell_point(double value) {
    tell([value](schema::Event& event) {
      event.mutable_metric_points()->set_path("train");
      event.mutable_metric_points()->set_name("loss");
      event.mutable_metric_points()->add_value(value);
    });
  }
  void tell_output(std::size_t bytes) {
    tell([bytes](schema::Event& event) {
      event.mutable_log_bytes()->set_path("train");
      event.mutable_log_bytes()->set_data(std::string(bytes, 'x'));
    });
  }

  void subscribe(std::uint32_t id, const std::string& of_run) {
    schema::ClientFrame frame;
    frame.mutable_subscribe()->set_id(id);
    frame.mutable_subscribe()->set_path("/api/v1/runs/" + run().text() + of_run);
    session_.received(frame.SerializeAsString());
    loop_.run_until_idle();
  }
  void subscribe_points() {
    subscribe(kPoints, "/metrics/" + make_series_id("train", "loss").text());
  }

  // What the peer takes in so long, each message's frames by their subscription; a pulse has 0.
  std::vector<std::vector<std::uint32_t>> taken(std::int64_t in_us) {
    std::vector<std::vector<std::uint32_t>> messages;
    for (std::int64_t at_us = 0; at_us < in_us; at_us += limits::kFrameGapUs) {
      loop_.advance(limits::kFrameGapUs);
      const schema::ServerMessage message = peer_.take(session_);
      if (message.frames_size() == 0) continue;
      messages.emplace_back();
      for (const schema::ServerFrame& frame : message.frames())
        messages.back().push_back(frame.subscription());
    }
    return messages;
  }

  runtime::SimRuntime loop_{1};
  log::MemoryLog log_{loop_};
  store::MemoryStore store_;
  Counters counters_;
  RunList runs_{loop_, log_, counters_};
  LiveViews views_;
  Peer peer_;
  LiveSession session_{loop_, views_, runs_, counters_, peer_, encode_binary};
  std::uint64_t told_ = 0;
};

using Messages = std::vector<std::vector<std::uint32_t>>;

TEST_F(LiveSessionTest, WhatASlowReaderMissedComesInOneMessageWithItsPulse) {
  tell_point(1);
  loop_.run_until_idle();
  subscribe(kRun, "");
  subscribe_points();
  taken(limits::kNumbersGapUs);
  tell_point(2);
  loop_.advance(limits::kFrameGapUs);  // on its way, and not taken
  tell_point(3);
  tell_output(100);
  loop_.advance(2 * limits::kPulseUs);
  peer_.take(session_);
  EXPECT_EQ(taken(limits::kFrameGapUs), (Messages{{kRun, kPoints, 0}}));
}

TEST_F(LiveSessionTest, APulseComesEverySecondWhereNothingHappens) {
  subscribe(kRun, "");
  taken(limits::kFrameGapUs);
  EXPECT_EQ(taken(3 * limits::kPulseUs), (Messages{{0}, {0}, {0}}));
}

TEST_F(LiveSessionTest, AClockThatIsSetBackDelaysNothing) {
  tell_point(1);
  loop_.run_until_idle();
  subscribe_points();
  taken(limits::kFrameGapUs);
  loop_.set_clock_by(-3'600'000'000);
  tell_point(2);
  EXPECT_EQ(taken(2 * limits::kFrameGapUs), (Messages{{kPoints}}));
  EXPECT_EQ(taken(limits::kPulseUs).size(), 1U);
}

TEST_F(LiveSessionTest, ASmallFrameIsNotJoinedToALargeOne) {
  tell_point(1);
  tell_output(2 * limits::kLiveMessageBytes);
  loop_.run_until_idle();
  subscribe(kRun, "");  // on its way, and not taken
  subscribe(kLog, "/tasks/" + make_task_id("train").text() + "/log?tail=1000000");
  subscribe_points();
  peer_.take(session_);
  const Messages messages = taken(3 * limits::kFrameGapUs);
  EXPECT_EQ(messages, (Messages{{kPoints}, {kLog}}));
}

// A run of which a frame is some 200 KB.
TEST_F(LiveSessionTest, ManyLargeSubscriptionsAreEncodedInManyTurns) {
  constexpr std::size_t kFrameBytesMax = 400'000;
  tell([](schema::Event& event) {
    for (int i = 0; i < 1'500; ++i)
      event.mutable_graph()->add_tasks()->set_path(fmt::format("a-task-of-a-large-run-{}", i));
  });
  loop_.run_until_idle();
  std::size_t most = 0;
  for (std::uint32_t id = 1; id <= limits::kSubscriptions; ++id) {
    subscribe(id, "");
    most = std::max(most, views_.outgoing().bytes());
  }
  EXPECT_GT(most, 0U);
  std::map<std::uint32_t, int> told;
  for (std::size_t turn = 0; turn < 10 * limits::kSubscriptions; ++turn) {
    const schema::ServerMessage message = peer_.take(session_);
    for (const schema::ServerFrame& frame : message.frames())
      told[frame.subscription()] += frame.snapshot() ? 1 : 0;
    most = std::max(most, views_.outgoing().bytes());
    loop_.run_until_idle();
  }
  EXPECT_LE(most, kLiveTurnBytes + kFrameBytesMax);
  told.erase(0);  // pulses
  EXPECT_EQ(told.size(), limits::kSubscriptions);
  for (const auto& [id, times] : told) EXPECT_EQ(times, 1) << id;
}

class FullSessionTest : public LiveSessionTest {
 protected:
  FullSessionTest() : LiveSessionTest({.outgoing_bytes = 100'000}) {}
};

TEST_F(FullSessionTest, WhoTakesNothingMakesRoomForOthersInTheEnd) {
  tell_point(1);
  tell_output(200'000);
  loop_.run_until_idle();
  Peer slow_peer;
  auto slow =
      std::make_unique<LiveSession>(loop_, views_, runs_, counters_, slow_peer, encode_binary);
  slow->start();
  slow_peer.take(*slow);
  schema::Subscribe wanted;
  wanted.set_id(kLog);
  wanted.set_path("/api/v1/runs/" + run().text() + "/tasks/" + make_task_id("train").text() +
                  "/log?tail=1000000");
  slow->subscribe(wanted);
  loop_.run_until_idle();
  ASSERT_TRUE(views_.outgoing().full());
  subscribe_points();
  const Messages waiting = taken(kSlowReaderUs / 2);
  for (const auto& message : waiting) EXPECT_EQ(message, std::vector<std::uint32_t>{0});
  EXPECT_FALSE(slow_peer.closed);
  taken(kSlowReaderUs);
  EXPECT_TRUE(slow_peer.closed);
  EXPECT_FALSE(peer_.closed);
  EXPECT_EQ(counters_.get(Counter::live_too_slow), 1U);
  slow.reset();
  EXPECT_EQ(views_.outgoing().bytes(), 0U);
  const Messages after = taken(limits::kPulseUs);
  ASSERT_FALSE(after.empty());
  EXPECT_EQ(after.front().front(), kPoints);
}

}  // namespace
}  // namespace telltale::serve
