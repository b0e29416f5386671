// LiveSession: one live connection, as a state machine without I/O: subscriptions in, frames out.
// A subscription is answered with a snapshot (or with what is newer than `since`), then with what
// changed. Nothing is queued for a slow reader: while a message is on its way changes only mark
// their subscription, and the next frame holds them all. Lives on serve's loop.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/counters.h"
#include "serve/http_server.h"
#include "serve/run_list.h"
#include "serve/subscription.h"

namespace telltale::schema {
class ServerFrame;
class Subscribe;
}  // namespace telltale::schema

namespace telltale::serve {

// How a frame is written: protobuf for WebSocket, an event for an event stream. "" leaves it out.
using EncodeFrame = std::string (*)(const schema::ServerFrame&);
std::string encode_binary(const schema::ServerFrame& frame);
std::string encode_event(const schema::ServerFrame& frame);

class LiveSession final : public Session, public ViewListener {
 public:
  LiveSession(ports::Runtime& loop, LiveViews& views, RunList& runs, Counters& counters,
              Transport& transport, EncodeFrame encode);
  ~LiveSession() override;

  void start() override;
  void received(std::string_view message) override;
  void sent() override;
  void views_changed() override { flush(); }

  // As if the peer had sent it: an event stream's one subscription.
  void subscribe(const schema::Subscribe& wanted);

 private:
  void fail(std::uint32_t id, const Error& error);
  void opened(std::uint32_t id, std::uint64_t generation, Result<LiveViews::RunPtr> run);
  void pulse();
  void flush();
  void flush_at(std::int64_t at_us);
  void queue(const schema::ServerFrame& frame);
  void send_next();

  ports::Runtime& loop_;
  LiveViews& views_;
  RunList& runs_;
  Counters& counters_;
  Transport& transport_;
  const EncodeFrame encode_;
  Listeners::Place place_in_views_ = 0;
  Listeners::Place place_in_runs_ = 0;
  std::map<std::uint32_t, std::unique_ptr<Subscription>> subscriptions_;
  std::uint64_t next_generation_ = 1;
  // At most one frame per subscription, a pulse, and a refusal for each message received.
  std::deque<std::string> outgoing_;
  bool sending_ = false;
  bool started_ = false;
  std::int64_t flush_due_us_ = 0;  // 0: no timer is set
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace telltale::serve
