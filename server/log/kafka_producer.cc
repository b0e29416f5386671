#include "log/kafka_producer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/limits.h"
#include "log/kafka_limits.h"
#include "log/kafka_time.h"

namespace telltale::log {
namespace {

using Clock = std::chrono::steady_clock;
using Ms = std::chrono::milliseconds;

const Error kClosed{ErrorCode::closed, "The log is closed."};
constexpr int kLookMs = 100;  // between looks at what waits too long

const KafkaConfig::Properties kDefaults = {
    {"acks", "all"},
    {"enable.idempotence", "true"},
    // Nothing waits for company; what comes while a batch is on its way makes the next one.
    {"linger.ms", "0"},
    {"compression.type", "lz4"},
    {"message.max.bytes", std::to_string(kKafkaRecordBytes)},
    {"batch.size", std::to_string(kKafkaBatchBytes)},
    // A record given up between two that are kept would be a hole; see KafkaProducer.
    {"message.timeout.ms", "0"},
    // Bytes are bounded by limits::kLogQueueBytes before librdkafka counts anything.
    {"queue.buffering.max.messages", "10000000"},
    {"queue.buffering.max.kbytes", "1048576"},
};

struct Pending;
using PendingList = std::list<std::unique_ptr<Pending>>;
using Place = std::pair<std::string, int>;  // topic, partition

// What librdkafka gives back with a record.
struct Slot {
  Pending* append;
  std::size_t index;
  bool settled = false;
};

// One append, from its acceptance until all its records are settled.
struct Pending {
  Pending(std::string topic, std::vector<ports::Record> records, std::vector<int> partitions,
          std::size_t bytes, std::size_t prefix, KafkaProducer::Answer done)
      : topic(std::move(topic)),
        plain_topic(this->topic.substr(prefix)),
        records(std::move(records)),
        partitions(std::move(partitions)),
        bytes(bytes),
        done(std::move(done)) {}

  std::string topic;
  std::string plain_topic;             // without our prefix
  std::vector<ports::Record> records;  // librdkafka points into them
  std::vector<int> partitions;
  std::size_t bytes;
  std::optional<KafkaProducer::Answer> done;  // none: answered already
  Clock::time_point since = Clock::now();
  PendingList::iterator self;
  std::vector<Slot> slots;
  std::size_t unsettled = 0;
  ports::Appended appended;
  std::optional<Error> failed;  // the first one

  void answer(Result<ports::Appended> result) {
    if (!done) return;
    (*std::exchange(done, std::nullopt))(std::move(result));
  }
};

}  // namespace

// The mutex guards `accepted` to `closing`; all else belongs to the thread.
struct KafkaProducer::State {
  State(const KafkaConfig& config, Describe describe, KafkaHealth& health)
      : config(config), describe(std::move(describe)), health(health) {}

  const KafkaConfig config;
  const Describe describe;
  KafkaHealth& health;

  std::mutex mutex;
  std::deque<std::unique_ptr<Pending>> accepted;
  std::size_t bytes = 0;  // of all appends not settled yet
  std::set<Place> away;   // where some wait for too long
  KafkaQueue queue;       // replaced with the client; none meanwhile
  bool closing = false;

  PendingList sent;                // the oldest first
  std::vector<Pending*> finished;  // of those
  KafkaHandle client;
  std::map<std::string, KafkaTopicHandle> topics;
  std::thread thread;

  Status connect();
  void wake() const;
  bool is_away(const std::string& topic, const std::vector<int>& partitions) const;
  void run();
  void send(std::unique_ptr<Pending> append);
  rd_kafka_resp_err_t produce(Pending& append, std::size_t index, rd_kafka_topic_t* topic);
  void handle(rd_kafka_event_t* event);
  void settle(const rd_kafka_message_t& message);
  void answer_finished();
  void look_for_late(Clock::time_point now);
  void renew();
  bool refuse_accepted(const Error& why);
  void give_up_all();
};

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::open(const KafkaConfig& config,
                                                           Describe describe, KafkaHealth& health) {
  auto state = std::make_unique<State>(config, std::move(describe), health);
  if (Status connected = state->connect(); !connected.ok()) return connected.error();
  return std::unique_ptr<KafkaProducer>(new KafkaProducer(std::move(state)));
}

KafkaProducer::KafkaProducer(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

KafkaProducer::~KafkaProducer() { close(); }

Status KafkaProducer::State::connect() {
  Result<KafkaConf> conf = config.conf(kDefaults);
  if (!conf.ok()) return conf.error();
  rd_kafka_conf_set_events(conf->get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  Result<KafkaHandle> made = make_kafka_client(RD_KAFKA_PRODUCER, conf.take(), health);
  if (!made.ok()) return made.error();
  std::lock_guard lock(mutex);
  client = made.take();
  queue.reset(rd_kafka_queue_get_main(client.get()));
  return Done{};
}

void KafkaProducer::append(std::string topic, std::vector<ports::Record> records,
                           std::vector<int> partitions, Answer done) {
  std::size_t bytes = 0;
  for (const ports::Record& record : records) {
    const std::size_t size = record.key.size() + record.value.size();
    if (size > kKafkaRecordBytes - 1024) {  // what its headers take
      done(kafka_error(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, topic, state_->health));
      return;
    }
    bytes += size;
  }
  std::lock_guard lock(state_->mutex);
  if (state_->closing) {
    done(kClosed);
  } else if (state_->is_away(topic, partitions)) {
    done(kafka_is_away(state_->health));
  } else if (state_->bytes + bytes > limits::kLogQueueBytes && state_->bytes > 0) {
    done(kafka_error(RD_KAFKA_RESP_ERR__QUEUE_FULL, topic, state_->health));
  } else if (records.empty()) {
    done(ports::Appended());
  } else {
    state_->bytes += bytes;
    state_->accepted.push_back(
        std::make_unique<Pending>(std::move(topic), std::move(records), std::move(partitions),
                                  bytes, state_->config.prefix.size(), std::move(done)));
    state_->wake();
  }
}

bool KafkaProducer::State::is_away(const std::string& topic,
                                   const std::vector<int>& partitions) const {
  return !away.empty() && std::any_of(partitions.begin(), partitions.end(), [&](int partition) {
    return away.count({topic, partition}) > 0;
  });
}

void KafkaProducer::State::wake() const {
  if (queue != nullptr) rd_kafka_queue_yield(queue.get());
}

void KafkaProducer::State::run() {
  std::optional<Clock::time_point> close_by;
  while (true) {
    const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kLookMs));
    if (event != nullptr) handle(event.get());
    if (client == nullptr) break;  // closed while there was none
    std::deque<std::unique_ptr<Pending>> fresh;
    const Clock::time_point now = Clock::now();
    {
      std::lock_guard lock(mutex);
      fresh.swap(accepted);
      if (closing && !close_by) close_by = now + Ms(kKafkaCloseMs);
    }
    for (auto& append : fresh) send(std::move(append));
    answer_finished();
    look_for_late(now);
    if (close_by && (sent.empty() || now > *close_by)) break;
  }
  give_up_all();
}

void KafkaProducer::State::send(std::unique_ptr<Pending> append) {
  Pending& one = *append;
  one.self = sent.insert(sent.end(), std::move(append));
  KafkaTopicHandle& topic = topics[one.topic];
  if (topic == nullptr) topic.reset(rd_kafka_topic_new(client.get(), one.topic.c_str(), nullptr));
  one.appended.places.resize(one.records.size());
  one.slots.reserve(one.records.size());
  for (std::size_t i = 0; i < one.records.size(); ++i) {
    one.slots.push_back({&one, i});
    const rd_kafka_resp_err_t code = produce(one, i, topic.get());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++one.unsettled;
      continue;
    }
    // Those behind it stay behind: what is kept of an append is a beginning of it.
    one.slots.pop_back();
    one.failed = kafka_error(code, one.topic, health);
    break;
  }
  if (one.unsettled == 0) finished.push_back(&one);
}

rd_kafka_resp_err_t KafkaProducer::State::produce(Pending& append, std::size_t index,
                                                  rd_kafka_topic_t* topic) {
  ports::Record& record = append.records[index];
  rd_kafka_headers_t* headers = rd_kafka_headers_new(8);
  const auto add = [headers](std::string_view name, std::string_view value) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  };
  add("ce_time", to_rfc3339(record.timestamp_us));
  if (describe) describe(append.plain_topic, record, add);
  rd_kafka_vu_t with[7];
  with[0].vtype = RD_KAFKA_VTYPE_RKT;
  with[0].u.rkt = topic;
  with[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  with[1].u.i32 = append.partitions[index];
  with[2].vtype = RD_KAFKA_VTYPE_KEY;
  with[2].u.mem = {record.key.data(), record.key.size()};
  with[3].vtype = RD_KAFKA_VTYPE_VALUE;
  // Without a value it is null, which a compacted topic takes for a tombstone.
  with[3].u.mem = {record.value.empty() ? nullptr : record.value.data(), record.value.size()};
  with[4].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  // Kafka has no time before 1970, and 0 means now; ce_time has what it was.
  with[4].u.i64 = std::max<std::int64_t>(record.timestamp_us / 1000, 0);
  with[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  with[5].u.ptr = &append.slots[index];
  with[6].vtype = RD_KAFKA_VTYPE_HEADERS;
  with[6].u.headers = headers;
  const KafkaErrorPtr error(rd_kafka_produceva(client.get(), with, 7));
  if (error == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;
  rd_kafka_headers_destroy(headers);  // still ours
  return rd_kafka_error_code(error.get());
}

void KafkaProducer::State::handle(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) settle(*message);
  } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR &&
             rd_kafka_event_error_is_fatal(event) != 0) {  // its code is that of the cause
    renew();
  }
}

void KafkaProducer::State::settle(const rd_kafka_message_t& message) {
  Slot& slot = *static_cast<Slot*>(message._private);
  slot.settled = true;
  Pending& append = *slot.append;
  append.appended.places[slot.index] = {
      message.partition,
      LogOffset{static_cast<std::uint64_t>(std::max<std::int64_t>(message.offset, 0))}};
  if (!append.failed && message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    append.failed = kafka_error(message.err, append.topic, health);
  } else if (!append.failed && message.offset < 0) {
    // A repeat that the broker knew as one, too long after: it is kept.
    append.failed = Error{ErrorCode::unavailable, "Kafka kept a record but does not say where."};
  }
  if (--append.unsettled == 0) finished.push_back(&append);
}

void KafkaProducer::State::answer_finished() {
  std::size_t settled = 0;
  for (Pending* append : std::exchange(finished, {})) {
    settled += append->bytes;
    if (append->failed) {
      append->answer(*append->failed);
    } else {
      append->answer(std::move(append->appended));
    }
    sent.erase(append->self);
  }
  if (settled == 0) return;
  std::lock_guard lock(mutex);
  bytes -= settled;
}

// Who waits too long is answered; its records stay queued, in their order, and nothing is put
// behind them until they are through.
void KafkaProducer::State::look_for_late(Clock::time_point now) {
  std::set<Place> late;
  for (const auto& append : sent) {
    if (now - append->since < Ms(kKafkaAnswerMs)) break;
    for (const Slot& slot : append->slots) {
      if (!slot.settled) late.emplace(append->topic, append->partitions[slot.index]);
    }
    append->answer(append->failed ? *append->failed : kafka_is_away(health));
  }
  std::lock_guard lock(mutex);
  away = std::move(late);
}

// librdkafka lost count of what the broker has, as after a topic was made anew: what is under way
// fails, and a client with a new identity takes over.
void KafkaProducer::State::renew() {
  rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  const Clock::time_point until = Clock::now() + Ms(kKafkaCloseMs);
  while (rd_kafka_outq_len(client.get()) > 0 && Clock::now() < until) {
    const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kLookMs));
    if (event == nullptr || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get()))
      settle(*message);
  }
  topics.clear();
  {
    std::lock_guard lock(mutex);
    queue.reset();
  }
  client.reset();
  Status connected = connect();
  while (!connected.ok() && refuse_accepted(connected.error())) {
    std::this_thread::sleep_for(Ms(kKafkaNextClientMs));
    connected = connect();
  }
}

// While there is no client, for want of memory or descriptors. False once it closes.
bool KafkaProducer::State::refuse_accepted(const Error& why) {
  std::lock_guard lock(mutex);
  for (const auto& append : std::exchange(accepted, {})) {
    bytes -= append->bytes;
    append->answer(Error{ErrorCode::unavailable, why.message});
  }
  return !closing;
}

void KafkaProducer::State::give_up_all() {
  for (const auto& append : sent) {
    append->answer(append->failed ? *append->failed : kafka_is_away(health));
  }
  if (client != nullptr)
    rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  topics.clear();
  {
    std::lock_guard lock(mutex);
    queue.reset();
  }
  client.reset();  // before what its records point to
  sent.clear();
}

void KafkaProducer::close() {
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->closing) {
      state_->closing = true;
      state_->wake();
    }
  }
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace telltale::log
