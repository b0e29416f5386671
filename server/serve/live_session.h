// LiveSession: one live connection, as a state machine without I/O: subscriptions in, frames out. A
// subscription is answered with a snapshot (or with what is newer than `since`), then with what
// changed. Nothing is queued for a slow reader: while a message is on its way changes only mark
// their subscription, and the next frame holds them all. What goes out at a time is one message,
// for each costs what 100 of its bytes do not. What is encoded at a time has a bound in bytes, and
// subscriptions take turns. Lives on serve's loop.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/counters.h"
#include "ports/live_handler.h"
#include "serve/run_list.h"
#include "serve/subscription.h"

namespace telltale::schema {
class ServerFrame;
class Subscribe;
}  // namespace telltale::schema

namespace telltale::serve {

// How a frame is written: as a part of a ServerMessage for WebSocket, as an event for an event
// stream; one after another they are a message. "" leaves it out.
using EncodeFrame = std::string (*)(schema::ServerFrame);
std::string encode_binary(schema::ServerFrame frame);
std::string encode_event(schema::ServerFrame frame);

class LiveSession final : public ports::Session, public ViewListener {
 public:
  LiveSession(ports::Runtime& loop, LiveViews& views, RunList& runs, Counters& counters,
              ports::Transport& transport, EncodeFrame encode);
  ~LiveSession() override;

  void start() override;
  void received(std::string_view message) override;
  void sent() override;
  std::size_t views_changed() override { return flush(); }

  // As if the peer had sent it: an event stream's one subscription.
  void subscribe(const schema::Subscribe& wanted);

 private:
  void fail(std::uint32_t id, const Error& error);
  void follow_list();
  void opened(std::uint32_t id, std::uint64_t generation, Result<LiveViews::RunPtr> run);
  void add_pulse(std::int64_t now_us);
  std::size_t flush();
  void leave_if_too_slow();
  void push(schema::ServerFrame frame);
  void queue(schema::ServerFrame frame);
  void send_next();
  std::string next_message();

  ports::Runtime& loop_;
  LiveViews& views_;
  RunList& runs_;
  Counters& counters_;
  ports::Transport& transport_;
  const EncodeFrame encode_;
  Listeners::Place place_in_views_;
  Listeners::Place place_in_runs_;  // while it watches a list
  std::map<std::uint32_t, std::unique_ptr<Subscription>> subscriptions_;
  std::uint64_t next_generation_ = 1;
  // Frames: at most one per subscription, a pulse, and a refusal for each message received.
  std::vector<std::string> outgoing_;
  std::size_t outgoing_bytes_ = 0;  // of them, and of the message on its way
  std::size_t sending_bytes_ = 0;   // of that message
  std::uint32_t served_ = 0;        // the subscription that had the last frame
  bool sending_ = false;
  std::int64_t sending_since_us_ = 0;
  bool started_ = false;
  std::int64_t pulse_due_us_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace telltale::serve
