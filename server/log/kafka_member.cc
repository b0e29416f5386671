#include "log/kafka_member.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "log/kafka_limits.h"

namespace telltale::log {
namespace {

using Clock = std::chrono::steady_clock;
using Ms = std::chrono::milliseconds;

constexpr int kLookMs = 100;  // between looks at what runs out
constexpr int kLeaveLookMs = 10;

const KafkaConfig::Properties kDefaults = {
    {"partition.assignment.strategy", "cooperative-sticky"},
    // The shortest that brokers take by default: how soon a dead member's partitions move.
    {"session.timeout.ms", "6000"},
    // How soon a member hears that another came or left.
    {"heartbeat.interval.ms", "300"},
    {"enable.auto.commit", "false"},
    {"auto.offset.reset", "latest"},
    // It fetches nothing: its partitions are paused.
    {"queued.max.messages.kbytes", "1024"},
};

// The member's own loop's view: the callbacks are only touched there.
struct Listener {
  Listener(ports::Runtime& home, ports::MemberCallbacks callbacks)
      : home(home), callbacks(std::move(callbacks)) {}
  ports::Runtime& home;
  ports::MemberCallbacks callbacks;
  bool silent = false;
};

bool is_final(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

}  // namespace

// `leaving`, `left` and `released` are for any thread; all else belongs to the member's own.
struct KafkaMember::State {
  State(std::string topic, std::string topic_as_asked, std::shared_ptr<Listener> listener,
        KafkaHealth& health)
      : topic(std::move(topic)),
        topic_as_asked(std::move(topic_as_asked)),
        listener(std::move(listener)),
        health(health) {}

  const std::string topic;
  const std::string topic_as_asked;
  const std::shared_ptr<Listener> listener;
  KafkaHealth& health;
  KafkaHandle client;
  KafkaQueue queue;
  std::atomic<bool> leaving = false;
  std::atomic<bool> left = false;

  std::mutex mutex;
  std::set<int> released;  // of those that move

  std::set<int> held;
  KafkaPartitions moving;  // asked back, none yet given up; the group waits for it
  Clock::time_point move_by;
  bool failed = false;
  std::thread thread;

  void run(const std::weak_ptr<KafkaMember>& self);
  bool is_in_group() const;
  void handle(rd_kafka_event_t* event, const std::weak_ptr<KafkaMember>& self);
  void take(rd_kafka_topic_partition_list_t* partitions);
  void ask_back(const rd_kafka_topic_partition_list_t* partitions,
                const std::weak_ptr<KafkaMember>& self);
  void give_up(const rd_kafka_topic_partition_list_t* partitions, bool was_asked);
  void give_up_if_due();
  void fail(const Error& error);
  void tell(UniqueFunction<void(ports::MemberCallbacks&)> what) const;
  ports::Partition named(int number) const { return {topic_as_asked, number}; }
};

Result<std::shared_ptr<KafkaMember>> KafkaMember::join(
    const KafkaConfig& config, const std::string& instance, const std::string& group,
    const std::string& topic, const std::string& topic_as_asked, ports::Runtime& home,
    ports::MemberCallbacks callbacks, KafkaHealth& health) {
  KafkaConfig::Properties properties = kDefaults;
  properties.emplace_back("group.id", group);
  if (!instance.empty()) properties.emplace_back("group.instance.id", instance);
  Result<KafkaConf> conf = config.conf(properties);
  if (!conf.ok()) return conf.error();
  rd_kafka_conf_set_events(conf->get(),
                           RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_FETCH);
  Result<KafkaHandle> client = make_kafka_client(RD_KAFKA_CONSUMER, conf.take(), health);
  if (!client.ok()) return client.error();
  auto state = std::make_unique<State>(
      topic, topic_as_asked, std::make_shared<Listener>(home, std::move(callbacks)), health);
  state->client = client.take();
  rd_kafka_poll_set_consumer(state->client.get());
  state->queue.reset(rd_kafka_queue_get_consumer(state->client.get()));
  const KafkaPartitions wanted(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(state->client.get(), wanted.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(code, topic, health);
  std::shared_ptr<KafkaMember> member(new KafkaMember(std::move(state)));
  member->state_->thread = std::thread(
      [state = member->state_.get(), self = std::weak_ptr(member)] { state->run(self); });
  return member;
}

KafkaMember::KafkaMember(std::unique_ptr<State> state) : state_(std::move(state)) {}

KafkaMember::~KafkaMember() {
  leave();
  wait_until_left();
}

bool KafkaMember::has_left() const { return state_->left; }

rd_kafka_t* KafkaMember::client() const { return state_->client.get(); }

void KafkaMember::fall_silent() { state_->listener->silent = true; }

void KafkaMember::leave() {
  if (!state_->leaving.exchange(true)) rd_kafka_queue_yield(state_->queue.get());
}

void KafkaMember::wait_until_left() {
  if (state_->thread.joinable()) state_->thread.join();
}

void KafkaMember::State::tell(UniqueFunction<void(ports::MemberCallbacks&)> what) const {
  listener->home.post([listener = listener, what = std::move(what)]() mutable {
    if (!listener->silent) what(listener->callbacks);
  });
}

void KafkaMember::State::run(const std::weak_ptr<KafkaMember>& self) {
  while (!leaving) {
    const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kLookMs));
    if (event != nullptr) handle(event.get(), self);
    give_up_if_due();
  }
  // unsubscribe() says so to the group also for a static member, which close alone would not: who
  // leaves in good order hands over at once.
  if (moving != nullptr) give_up(std::exchange(moving, nullptr).get(), true);
  rd_kafka_unsubscribe(client.get());
  const Clock::time_point until = Clock::now() + Ms(kKafkaLeaveMs);
  // librdkafka 2.0 forgets to say so if it is closed while it gives up its partitions.
  while ((!held.empty() || is_in_group()) && Clock::now() < until) {
    const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kLeaveLookMs));
    if (event == nullptr || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE) continue;
    give_up(rd_kafka_event_topic_partition_list(event.get()), true);
  }
  rd_kafka_consumer_close_queue(client.get(), queue.get());
  while (rd_kafka_consumer_closed(client.get()) == 0 && Clock::now() < until) {
    const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kLookMs));
    if (event != nullptr && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE)
      rd_kafka_assign(client.get(), nullptr);
  }
  left = true;
}

// A member that left has no id any more.
bool KafkaMember::State::is_in_group() const {
  char* id = rd_kafka_memberid(client.get());
  const bool in_group = id != nullptr && *id != '\0';
  rd_kafka_mem_free(client.get(), id);
  return in_group;
}

void KafkaMember::State::handle(rd_kafka_event_t* event, const std::weak_ptr<KafkaMember>& self) {
  const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE: {
      rd_kafka_topic_partition_list_t* partitions = rd_kafka_event_topic_partition_list(event);
      if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        take(partitions);
      } else if (rd_kafka_assignment_lost(client.get()) != 0) {
        give_up(partitions, false);
      } else {
        ask_back(partitions, self);
      }
      return;
    }
    case RD_KAFKA_EVENT_ERROR:
      if (rd_kafka_event_error_is_fatal(event) != 0 || is_final(code))
        fail(kafka_error(code, topic, health));
      return;
    default:  // records that were fetched before their partition was paused
      return;
  }
}

void KafkaMember::State::take(rd_kafka_topic_partition_list_t* partitions) {
  for (int i = 0; i < partitions->cnt; ++i) partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
  const KafkaErrorPtr error(rd_kafka_incremental_assign(client.get(), partitions));
  rd_kafka_pause_partitions(client.get(), partitions);
  if (error != nullptr) return;  // lost meanwhile: the group says so next
  for (int i = 0; i < partitions->cnt; ++i) {
    const int number = partitions->elems[i].partition;
    held.insert(number);
    tell([partition = named(number)](ports::MemberCallbacks& to) { to.assigned(partition); });
  }
}

void KafkaMember::State::ask_back(const rd_kafka_topic_partition_list_t* partitions,
                                  const std::weak_ptr<KafkaMember>& self) {
  moving.reset(rd_kafka_topic_partition_list_copy(partitions));
  move_by = Clock::now() + std::chrono::microseconds(limits::kReleaseUs);
  {
    std::lock_guard lock(mutex);
    released.clear();
  }
  for (int i = 0; i < partitions->cnt; ++i) {
    const int number = partitions->elems[i].partition;
    tell([self, number, partition = named(number)](ports::MemberCallbacks& to) {
      to.revoked(partition, [self, number] {
        const std::shared_ptr<KafkaMember> member = self.lock();
        if (member == nullptr) return;
        std::lock_guard lock(member->state_->mutex);
        member->state_->released.insert(number);
        rd_kafka_queue_yield(member->state_->queue.get());
      });
    });
  }
}

// The group gets them. Who was asked and did not release one in time, or was not asked, lost it.
void KafkaMember::State::give_up(const rd_kafka_topic_partition_list_t* partitions,
                                 bool was_asked) {
  KafkaErrorPtr(rd_kafka_incremental_unassign(client.get(), partitions));
  std::lock_guard lock(mutex);
  for (int i = 0; i < partitions->cnt; ++i) {
    const int number = partitions->elems[i].partition;
    held.erase(number);
    if (was_asked && released.erase(number) > 0) continue;
    tell([partition = named(number)](ports::MemberCallbacks& to) { to.lost(partition); });
  }
}

void KafkaMember::State::give_up_if_due() {
  if (moving == nullptr) return;
  bool all = true;
  {
    std::lock_guard lock(mutex);
    for (int i = 0; i < moving->cnt; ++i) all &= released.count(moving->elems[i].partition) > 0;
  }
  const bool lost = rd_kafka_assignment_lost(client.get()) != 0;
  if (!all && !lost && Clock::now() < move_by) return;
  give_up(std::exchange(moving, nullptr).get(), true);
}

void KafkaMember::State::fail(const Error& error) {
  if (std::exchange(failed, true)) return;
  tell([error](ports::MemberCallbacks& to) { to.failed(error); });
}

}  // namespace telltale::log
