#include "serve/live_session.h"

#include <gtest/gtest.h>

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
class Peer final : public Transport {
 public:
  void send(std::string message) override { waiting_.push_back(std::move(message)); }
  void close() override {}

  // The message on its way; none: an empty one.
  schema::ServerMessage take(Session& session) {
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
  LiveSessionTest() {
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
  LiveViews views_{loop_, log_, store_, counters_};
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

}  // namespace
}  // namespace telltale::serve
