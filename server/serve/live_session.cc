#include "serve/live_session.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/version.h"
#include "schema/view.pb.h"

namespace telltale::serve {
namespace {

// Where readers wait for their turns, numbers leave most of those to what is news; up to the time
// in which a pulse comes too.
constexpr std::int64_t kTurnsANumber = 8;
// Where the process holds as much for its readers as it may: until it is looked again.
constexpr std::int64_t kNoRoomUs = 100'000;

}  // namespace

std::string encode_binary(schema::ServerFrame frame) {
  schema::ServerMessage part;
  part.add_frames()->Swap(&frame);
  return part.SerializeAsString();
}

std::string encode_event(schema::ServerFrame frame) {
  if (frame.has_hello()) return "";
  if (frame.has_pulse()) return ": pulse\n\n";
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(frame, &json, options);
  return fmt::format("id: {}\ndata: {}\n\n", frame.position(), json);
}

LiveSession::LiveSession(ports::Runtime& loop, LiveViews& views, RunList& runs, Counters& counters,
                         ports::Transport& transport, EncodeFrame encode)
    : loop_(loop),
      views_(views),
      runs_(runs),
      counters_(counters),
      transport_(transport),
      encode_(encode) {}

LiveSession::~LiveSession() {
  *alive_ = false;
  views_.outgoing().remove(outgoing_bytes_);
  views_.listeners().remove(place_in_views_);
  runs_.listeners().remove(place_in_runs_);
}

void LiveSession::start() {
  started_ = true;
  place_in_views_ = views_.listeners().add(this);
  schema::ServerFrame frame;
  frame.set_sent_at_us(to_number(loop_.now()));
  frame.mutable_hello()->set_schema_version(kSchemaVersion);
  frame.mutable_hello()->set_server_version(kServerVersion);
  queue(std::move(frame));
  pulse_due_us_ = loop_.steady_us() + limits::kPulseUs;
  flush();
}

void LiveSession::received(std::string_view message) {
  schema::ClientFrame frame;
  if (!frame.ParseFromArray(message.data(), static_cast<int>(message.size())) ||
      frame.kind_case() == schema::ClientFrame::KIND_NOT_SET) {
    fail(0, {ErrorCode::invalid_argument, "This message is no ClientFrame."});
    return;
  }
  if (frame.has_unsubscribe()) {
    subscriptions_.erase(frame.unsubscribe().id());
    follow_list();
    return;
  }
  subscribe(frame.subscribe());
}

void LiveSession::subscribe(const schema::Subscribe& wanted) {
  const std::uint32_t id = wanted.id();
  const std::string_view target = wanted.path();
  const std::size_t mark = target.find('?');
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  Result<Resource> resource = parse_resource(target.substr(0, mark), query);
  if (id == 0 || !resource.ok()) {
    fail(id, id == 0 ? Error{ErrorCode::invalid_argument, "A subscription's id is not 0."}
                     : resource.error());
    return;
  }
  if (subscriptions_.count(id) == 0 && subscriptions_.size() >= limits::kSubscriptions) {
    fail(id, {ErrorCode::too_many_requests,
              fmt::format("A connection has at most {} subscriptions.", limits::kSubscriptions)});
    return;
  }
  const std::uint64_t generation = next_generation_++;
  auto subscription =
      std::make_unique<Subscription>(id, generation, resource.take(), wanted.since());
  const Resource& named = subscription->resource();
  const RunKey key = named.run;
  const bool of_run = named.kind != Resource::Kind::runs;
  subscriptions_[id] = std::move(subscription);
  follow_list();
  if (!of_run) {
    flush();
    return;
  }
  views_.open(key, [this, alive = alive_, id, generation](Result<LiveViews::RunPtr> run) {
    if (*alive) opened(id, generation, std::move(run));
  });
}

// While it watches one: the list changes often, and who watches a run has nothing of it.
void LiveSession::follow_list() {
  const bool watches = std::any_of(
      subscriptions_.begin(), subscriptions_.end(),
      [](const auto& entry) { return entry.second->resource().kind == Resource::Kind::runs; });
  if (watches == (place_in_runs_.guest != 0)) return;
  if (watches) {
    place_in_runs_ = runs_.listeners().add(this);
  } else {
    runs_.listeners().remove(std::exchange(place_in_runs_, {}));
  }
}

void LiveSession::opened(std::uint32_t id, std::uint64_t generation,
                         Result<LiveViews::RunPtr> run) {
  const auto found = subscriptions_.find(id);
  // Unsubscribed or replaced while the run was on its way.
  if (found == subscriptions_.end() || found->second->generation() != generation) return;
  if (!run.ok()) {
    fail(id, run.error());
    return;
  }
  found->second->set_run(run.take());
  flush();
}

void LiveSession::fail(std::uint32_t id, const Error& error) {
  subscriptions_.erase(id);
  follow_list();
  schema::ServerFrame frame;
  frame.set_subscription(id);
  frame.set_sent_at_us(to_number(loop_.now()));
  schema::Problem& problem = *frame.mutable_problem();
  problem.set_type("about:blank");
  problem.set_title(name_of(error.code));
  problem.set_status(static_cast<std::uint32_t>(http_status_of(error.code)));
  problem.set_detail(error.message);
  queue(std::move(frame));
  if (outgoing_.size() <= 2 * limits::kSubscriptions) return;
  // It asks and asks and never reads: the connection ends, from outside this call.
  loop_.post([alive = alive_, &transport = transport_] {
    if (*alive) transport.close();
  });
}

// Sends what changed, unless a message is on its way: then sent() comes here again. Of much, a
// part: those subscriptions that have not had their turn are the first in the next one.
std::size_t LiveSession::flush() {
  if (!started_) return 0;
  if (sending_) {
    leave_if_too_slow();
    return 0;
  }
  const std::int64_t now_us = loop_.steady_us();
  std::int64_t next_us = now_us + limits::kPulseUs;
  const std::int64_t numbers_gap_us = std::clamp(kTurnsANumber * views_.listeners().waited_us(),
                                                 limits::kNumbersGapUs, limits::kPulseUs);
  std::vector<std::pair<std::uint32_t, Error>> failed;
  const std::size_t before = outgoing_bytes_;
  auto next = subscriptions_.upper_bound(served_);
  for (std::size_t looked = 0; looked < subscriptions_.size(); ++looked, ++next) {
    if (next == subscriptions_.end()) next = subscriptions_.begin();
    const auto& [id, subscription] = *next;
    const std::int64_t due_us = subscription->due_us(numbers_gap_us);
    if (now_us < due_us) {
      next_us = std::min(next_us, due_us);
      continue;
    }
    if (outgoing_bytes_ - before >= kLiveTurnBytes) break;  // sent() comes here again
    if (views_.outgoing().full()) {
      next_us = std::min(next_us, now_us + kNoRoomUs);
      break;
    }
    schema::ServerFrame frame;
    Result<bool> built = subscription->next_frame(runs_, frame);
    if (!built.ok()) {
      failed.emplace_back(id, built.error());
    } else if (built.value()) {
      frame.set_subscription(id);
      frame.set_sent_at_us(to_number(loop_.now()));
      frame.set_age_us(subscription->age_us(loop_.now()));
      subscription->sent_us = now_us;
      if (subscription->more) next_us = std::min(next_us, now_us + limits::kFrameGapUs);
      served_ = id;
      push(std::move(frame));
    }
  }
  if (pulse_due_us_ <= now_us) add_pulse(now_us);
  views_.listeners().tell_at(place_in_views_, std::min(next_us, pulse_due_us_));
  for (const auto& [id, error] : failed) fail(id, error);
  const std::size_t encoded = outgoing_bytes_ - before;
  send_next();
  return encoded;
}

// Where others wait for room, one whose peer takes nothing gives its own back: the connection ends,
// from outside this call. Who comes back goes on with `since`.
void LiveSession::leave_if_too_slow() {
  const std::int64_t now_us = loop_.steady_us();
  if (!views_.outgoing().full() || now_us - sending_since_us_ < kSlowReaderUs) {
    views_.listeners().tell_at(place_in_views_, now_us + limits::kPulseUs);
    return;
  }
  counters_.add(Counter::live_too_slow);
  loop_.post([alive = alive_, &transport = transport_] {
    if (*alive) transport.close();
  });
}

void LiveSession::add_pulse(std::int64_t now_us) {
  pulse_due_us_ = now_us + limits::kPulseUs;
  schema::ServerFrame frame;
  frame.set_sent_at_us(to_number(loop_.now()));
  schema::Pulse& pulse = *frame.mutable_pulse();
  for (const auto& [id, subscription] : subscriptions_) {
    schema::Pulse::Age& age = *pulse.add_ages();
    age.set_subscription(id);
    age.set_age_us(subscription->age_us(loop_.now()));
  }
  push(std::move(frame));
}

void LiveSession::push(schema::ServerFrame frame) {
  const std::string& encoded = outgoing_.emplace_back(encode_(std::move(frame)));
  outgoing_bytes_ += encoded.size();
  views_.outgoing().add(encoded.size());
}

void LiveSession::queue(schema::ServerFrame frame) {
  push(std::move(frame));
  send_next();
}

void LiveSession::send_next() {
  if (!started_ || sending_) return;
  std::string message = next_message();
  if (message.empty()) return;
  sending_ = true;
  sending_since_us_ = loop_.steady_us();
  sending_bytes_ = message.size();
  transport_.send(std::move(message));
}

// The frames that wait, as many as a message holds: a small one is not to wait for a large one that
// was asked for after it.
std::string LiveSession::next_message() {
  std::string message;
  auto next = outgoing_.begin();
  for (; next != outgoing_.end(); ++next) {
    if (next->empty()) continue;
    if (!message.empty() && message.size() + next->size() > limits::kLiveMessageBytes) break;
    counters_.add(Counter::live_frames);
    if (message.empty()) {
      message = std::move(*next);
    } else {
      message += *next;
    }
  }
  outgoing_.erase(outgoing_.begin(), next);
  return message;
}

void LiveSession::sent() {
  sending_ = false;
  outgoing_bytes_ -= sending_bytes_;
  views_.outgoing().remove(sending_bytes_);
  if (outgoing_.empty()) {
    flush();
  } else {
    send_next();
  }
}

}  // namespace telltale::serve
