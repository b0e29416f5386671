// A WebSocket client's messages, in pieces (harness.h), to a LiveSession with one run behind it:
// every message sent has frames, and one at a time.
#include "base/limits.h"
#include "fuzz/harness.h"
#include "fuzz/quiet_protobuf.h"
#include "log/memory_log.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"
#include "schema/view.pb.h"
#include "serve/live_session.h"
#include "store/memory_store.h"

namespace {

using namespace telltale;

constexpr std::size_t kMessages = 64;

class Peer final : public ports::Transport {
 public:
  void send(std::string message) override {
    CHECK(!closed_ && !sending_, "a message is sent while another one is on its way");
    schema::ServerMessage parsed;
    CHECK(parsed.ParseFromString(message) && parsed.frames_size() > 0,
          "what was sent has no frames");
    sending_ = true;
  }
  void close() override { closed_ = true; }

  // The kernel takes what was sent.
  void take(ports::Session& session) {
    if (!sending_) return;
    sending_ = false;
    session.sent();
  }
  bool closed() const { return closed_; }

 private:
  bool sending_ = false;
  bool closed_ = false;
};

// "x7geq…" of the corpus: a task with output and a metric.
void tell_of_a_run(ports::Log& log, ports::Runtime& loop) {
  const std::string key = "x7geqg4u2wtcvg3mgoru54jyr4";
  std::vector<ports::Record> records;
  schema::Event event;
  event.set_run_key(key);
  event.set_id("1");
  event.mutable_log_bytes()->set_path("train");
  event.mutable_log_bytes()->set_data("loss=0.5\n");
  records.push_back({key, event.SerializeAsString(), 1});
  event.set_id("2");
  event.mutable_metric_points()->set_path("train");
  event.mutable_metric_points()->set_name("loss");
  event.mutable_metric_points()->add_value(0.5);
  records.push_back({key, event.SerializeAsString(), 2});
  log.append(ports::kEventsTopic, std::move(records), {loop, [](Result<ports::Appended>) {}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  runtime::SimRuntime loop(1);
  log::MemoryLog log(loop);
  store::MemoryStore store;
  Counters counters;
  tell_of_a_run(log, loop);
  serve::RunList runs(loop, log, counters);
  serve::LiveViews views(loop, log, store, counters);
  runs.start([] {});
  views.start([] {});
  loop.run_until_idle();
  Peer peer;
  serve::LiveSession session(loop, views, runs, counters, peer, serve::encode_binary);
  session.start();
  for (std::size_t i = 0; i < kMessages && !rest.empty() && !peer.closed(); ++i) {
    session.received(fuzz::take_piece(rest));
    loop.run_until_idle();
    if (i % 3 != 0) peer.take(session);
  }
  for (int i = 0; i < 200 && !peer.closed(); ++i) {
    peer.take(session);
    loop.advance(limits::kFrameGapUs);
  }
  return 0;
}
