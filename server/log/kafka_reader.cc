#include "log/kafka_reader.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "log/kafka_lane.h"
#include "log/kafka_limits.h"

namespace telltale::log {
namespace {

using Clock = KafkaCursor::Clock;
using Ms = std::chrono::milliseconds;
using Us = std::chrono::microseconds;

const Error kClosed{ErrorCode::closed, "The log is closed."};
constexpr std::int64_t kWaitUsMax = 86'400'000'000;
constexpr Ms kTidyGap(1'000);  // between looks for positions that nobody reads
constexpr Ms kBoundsGap(100);  // between questions about a position beyond the end
constexpr Ms kLateGap(50);     // between looks at a read that is late

struct Read {
  ports::Partition partition;
  LogOffset from;
  ports::ReadLimits limits;
  bool there_is_one;
  Clock::time_point since;
  Clock::time_point deadline;
  KafkaReader::Answer done;
};

Error beyond_the_end(const Read& read, LogOffset end) {
  return {ErrorCode::corrupt,
          fmt::format("Partition {} of {} ends at {}, but its record {} was known here: the topic "
                      "was made anew, or brokers lost what they had.",
                      read.partition.number, read.partition.topic, to_number(end),
                      to_number(read.from))};
}

}  // namespace

// The mutex guards `inbox` and `closing`; all else belongs to the thread.
struct KafkaReader::State : std::enable_shared_from_this<State> {
  State(const KafkaConfig& config, KafkaHealth& health, AskBounds ask_bounds)
      : config(config), health(health), ask_bounds(std::move(ask_bounds)) {}
  ~State() { ::close(wake_fd); }

  const KafkaConfig config;
  KafkaHealth& health;
  const AskBounds ask_bounds;
  const int wake_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::mutex mutex;
  std::vector<UniqueFunction<void()>> inbox;
  bool closing = false;

  std::list<Read> waiting;
  std::vector<std::unique_ptr<KafkaLane>> lanes;
  // Not fetched at: their bounds are asked for, or were and a position lies beyond the end. The
  // time says when it may be tried again.
  std::map<ports::Partition, Clock::time_point> held;
  Clock::time_point tidied_at = Clock::now();
  Clock::time_point next_lane_at = Clock::now();  // no further one before
  std::thread thread;

  bool post(UniqueFunction<void()> task);
  void run();
  void sleep();
  bool run_inbox();
  void take_arrived();
  void take(KafkaLane& lane, KafkaLane::Arrived arrived);
  void answer_all();
  bool answer(Read& read, Clock::time_point now);
  bool answer_late(Read& read, const KafkaLane* lane, Clock::time_point now);
  KafkaLane* lane_for(const Read& read);
  KafkaLane* place_for(const ports::Partition& partition);
  void fail(const ports::Partition& partition, const Error& error);
  void find_bounds(const ports::Partition& partition);
  void on_bounds(const ports::Partition& partition, const Result<ports::Bounds>& bounds);
  void restart(const ports::Partition& partition, LogOffset begin);
  void tidy();
};

KafkaReader::KafkaReader(const KafkaConfig& config, KafkaHealth& health, AskBounds ask_bounds)
    : state_(std::make_shared<State>(config, health, std::move(ask_bounds))) {
  CHECK(state_->wake_fd >= 0, "no eventfd: {}", errno);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

KafkaReader::~KafkaReader() { close(); }

void KafkaReader::read(ports::Partition partition, LogOffset from, ports::ReadLimits limits,
                       bool there_is_one, Answer done) {
  const Clock::time_point now = Clock::now();
  auto read = std::make_shared<Read>(
      Read{std::move(partition), from, limits, there_is_one, now,
           now + Us(std::clamp<std::int64_t>(limits.wait_us, 0, kWaitUsMax)), std::move(done)});
  State& state = *state_;
  const bool accepted = state.post([&state, read] {
    if (state.waiting.size() >= kKafkaReads) {
      read->done(Error{ErrorCode::too_many_requests, "Too many reads wait. Try again later."});
      return;
    }
    state.waiting.push_back(std::move(*read));
  });
  if (!accepted) read->done(kClosed);
}

bool KafkaReader::State::post(UniqueFunction<void()> task) {
  {
    std::lock_guard lock(mutex);
    if (closing) return false;
    inbox.push_back(std::move(task));
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_fd, &one, sizeof one);  // full: it is awake anyway
  return true;
}

void KafkaReader::State::run() {
  while (run_inbox()) {
    take_arrived();
    answer_all();
    tidy();
    sleep();
  }
  for (Read& read : waiting) read.done(kClosed);
  waiting.clear();
  lanes.clear();
}

// Until something arrives, is asked, or runs out.
void KafkaReader::State::sleep() {
  Clock::time_point until = tidied_at + kTidyGap;
  const Clock::time_point now = Clock::now();
  // One that is late all the same waits for what must come.
  for (const Read& read : waiting)
    until = std::min(until, read.deadline > now ? read.deadline : now + kLateGap);
  for (const auto& [partition, held_until] : held) until = std::min(until, held_until);
  const auto left = std::chrono::ceil<Ms>(until - now).count();
  pollfd wake{wake_fd, POLLIN, 0};
  if (::poll(&wake, 1, static_cast<int>(std::clamp<std::int64_t>(left, 1, 1'000))) > 0) {
    std::uint64_t count = 0;
    (void)!::read(wake_fd, &count, sizeof count);
  }
}

bool KafkaReader::State::run_inbox() {
  std::vector<UniqueFunction<void()>> tasks;
  bool open = true;
  {
    std::lock_guard lock(mutex);
    tasks.swap(inbox);
    open = !closing;
  }
  for (auto& task : tasks) task();
  return open;
}

void KafkaReader::State::take_arrived() {
  for (const auto& lane : lanes) {
    while (true) {
      std::vector<KafkaLane::Arrived> some = lane->arrived();
      if (some.empty()) break;
      for (KafkaLane::Arrived& arrived : some) take(*lane, std::move(arrived));
    }
  }
}

void KafkaReader::State::take(KafkaLane& lane, KafkaLane::Arrived arrived) {
  const auto found = lane.cursors.find(arrived.partition);
  if (found == lane.cursors.end()) return;
  KafkaCursor& cursor = found->second;
  if (arrived.code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    cursor.add(std::move(arrived.record));
    if (cursor.is_full()) lane.stop(arrived.partition, cursor);
  } else if (arrived.code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
    lane.stop(arrived.partition, cursor);
    find_bounds(arrived.partition);
  } else if (arrived.code != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    lane.stop(arrived.partition, cursor);
    lane.cursors.erase(found);
    fail(arrived.partition, kafka_error(arrived.code, arrived.partition.topic, health));
  }
}

void KafkaReader::State::answer_all() {
  const Clock::time_point now = Clock::now();
  for (auto it = waiting.begin(); it != waiting.end();) {
    it = answer(*it, now) ? waiting.erase(it) : std::next(it);
  }
}

bool KafkaReader::State::answer(Read& read, Clock::time_point now) {
  KafkaLane* lane = lane_for(read);
  if (lane == nullptr) return now >= read.deadline && answer_late(read, nullptr, now);
  KafkaCursor& cursor = lane->cursors.at(read.partition);
  cursor.used_at = now;
  const bool has = cursor.has(read.from);
  if (has) read.done(cursor.take(read.from, read.limits));
  if (!has || cursor.has_room()) {
    const auto held_until = held.find(read.partition);
    if (held_until != held.end() && now >= held_until->second) held.erase(held_until);
    const rd_kafka_resp_err_t code = held.count(read.partition) > 0
                                         ? RD_KAFKA_RESP_ERR_NO_ERROR
                                         : lane->start(read.partition, cursor);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && !has) {
      read.done(kafka_error(code, read.partition.topic, health));
      return true;
    }
  }
  return has || (now >= read.deadline && answer_late(read, lane, now));
}

// Its wait ran out. Without a record it is answered only if there is none: at the end, as the last
// fetch saw it. Else the bounds are asked for: that tells of a topic that is gone, which fetching
// keeps silent about, and of a position beyond the end.
bool KafkaReader::State::answer_late(Read& read, const KafkaLane* lane, Clock::time_point now) {
  const std::optional<LogOffset> end =
      lane != nullptr ? lane->end_of(read.partition) : std::optional<LogOffset>();
  if (!read.there_is_one && end && *end == read.from) {
    read.done(Records());
    return true;
  }
  find_bounds(read.partition);
  if (now < read.since + Us(read.limits.wait_us) + Ms(kKafkaAnswerMs)) return false;
  read.done(kafka_is_away(health));
  return true;
}

// The lane whose position serves this read; opened if it must be and can be.
KafkaLane* KafkaReader::State::lane_for(const Read& read) {
  for (const auto& lane : lanes) {
    const auto found = lane->cursors.find(read.partition);
    if (found != lane->cursors.end() && found->second.covers(read.from)) return lane.get();
  }
  KafkaLane* lane = place_for(read.partition);
  if (lane != nullptr) lane->cursors.emplace(read.partition, KafkaCursor(read.from));
  return lane;
}

// A lane without a position in this partition; none: all are in use.
KafkaLane* KafkaReader::State::place_for(const ports::Partition& partition) {
  KafkaLane* longest_unused = nullptr;
  for (const auto& lane : lanes) {
    const auto found = lane->cursors.find(partition);
    if (found == lane->cursors.end()) return lane.get();
    const KafkaCursor& cursor = found->second;
    const bool in_use = std::any_of(waiting.begin(), waiting.end(), [&](const Read& read) {
      return read.partition == partition && cursor.covers(read.from);
    });
    if (in_use) continue;
    if (longest_unused == nullptr ||
        cursor.used_at < longest_unused->cursors.at(partition).used_at) {
      longest_unused = lane.get();
    }
  }
  if (lanes.size() < kKafkaLanes && Clock::now() >= next_lane_at) {
    Result<std::unique_ptr<KafkaLane>> lane = KafkaLane::open(config, health, wake_fd);
    if (lane.ok()) {
      lanes.push_back(lane.take());
      return lanes.back().get();
    }
    // No memory or no descriptor for it. Those that are there serve, and who has none waits.
    next_lane_at = Clock::now() + Ms(kKafkaNextClientMs);
  }
  if (longest_unused != nullptr) {
    const auto found = longest_unused->cursors.find(partition);
    longest_unused->stop(partition, found->second);
    longest_unused->cursors.erase(found);
  }
  return longest_unused;
}

void KafkaReader::State::fail(const ports::Partition& partition, const Error& error) {
  for (auto it = waiting.begin(); it != waiting.end();) {
    if (it->partition == partition) {
      it->done(error);
      it = waiting.erase(it);
    } else {
      ++it;
    }
  }
}

// A position is before the oldest record, or beyond the newest.
void KafkaReader::State::find_bounds(const ports::Partition& partition) {
  if (!held.emplace(partition, Clock::now() + Ms(kKafkaAnswerMs)).second) return;
  ask_bounds(partition, [self = shared_from_this(), partition](Result<ports::Bounds> bounds) {
    self->post([state = self.get(), partition, bounds] { state->on_bounds(partition, bounds); });
  });
}

void KafkaReader::State::on_bounds(const ports::Partition& partition,
                                   const Result<ports::Bounds>& bounds) {
  held.erase(partition);
  if (!bounds.ok()) {
    fail(partition, bounds.error());
    return;
  }
  restart(partition, bounds->begin);
  // Who waits beyond the end: a record may yet come there, or the topic was made anew.
  const Clock::time_point now = Clock::now();
  for (auto it = waiting.begin(); it != waiting.end();) {
    const bool beyond = it->partition == partition && it->from > bounds->end;
    if (beyond) held[partition] = now + kBoundsGap;
    if (beyond && now >= it->deadline) {
      it->done(beyond_the_end(*it, bounds->end));
      it = waiting.erase(it);
    } else {
      ++it;
    }
  }
}

// Positions that stopped begin anew: where they were, or at the oldest record there is.
void KafkaReader::State::restart(const ports::Partition& partition, LogOffset begin) {
  for (Read& read : waiting) {
    if (read.partition == partition) read.from = std::max(read.from, begin);
  }
  for (const auto& lane : lanes) {
    const auto found = lane->cursors.find(partition);
    if (found == lane->cursors.end() || found->second.fetching) continue;
    if (found->second.end() < begin) found->second.skip_to(begin);
  }
}

void KafkaReader::State::tidy() {
  const Clock::time_point now = Clock::now();
  if (now - tidied_at < kTidyGap) return;
  tidied_at = now;
  for (const auto& lane : lanes) {
    for (auto it = lane->cursors.begin(); it != lane->cursors.end();) {
      if (now - it->second.used_at < Ms(kKafkaCursorIdleMs)) {
        ++it;
        continue;
      }
      lane->stop(it->first, it->second);
      it = lane->cursors.erase(it);
    }
  }
}

void KafkaReader::close() {
  {
    std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(state_->wake_fd, &one, sizeof one);
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace telltale::log
