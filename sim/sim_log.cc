#include "sim/sim_log.h"

namespace telltale::sim {
namespace {

constexpr std::int64_t kFsyncUs = 2'000;
constexpr std::int64_t kLateFsyncUs = 50'000;

}  // namespace

SimLog::SimLog(ports::Runtime& runtime, bool skip_fsync)
    : runtime_(runtime), skip_fsync_(skip_fsync) {}

void SimLog::crash() {
  ++life_;
  waiting_.clear();
  groups_.forget();
  for (auto& [name, topic] : topics_) topic.records.resize(topic.durable);
}

void SimLog::later(std::int64_t at_most_us, ports::Task task) {
  const auto delay_us =
      static_cast<std::int64_t>(runtime_.random() % static_cast<std::uint64_t>(at_most_us));
  runtime_.post_after(delay_us, [this, life = life_, task = std::move(task)]() mutable {
    if (life == life_) task();
  });
}

void SimLog::append(std::string topic, std::vector<ports::Record> records,
                    ports::Completion<Result<ports::Appended>> done) {
  if (faulty_ && runtime_.random() % 20 == 0) {
    later(kFsyncUs, [done = std::move(done)]() mutable {
      done(Error{ErrorCode::too_many_requests, "a fault of the simulation"});
    });
    return;
  }
  ports::Appended appended;
  std::vector<ports::Record>& kept = topics_[topic].records;
  for (ports::Record& record : records) {
    appended.places.push_back({0, LogOffset{kept.size()}});
    kept.push_back(std::move(record));
  }
  if (skip_fsync_) {
    runtime_.post_after(kLateFsyncUs, [this, life = life_, topic] {
      if (life == life_) flush(topic);
    });
    later(kFsyncUs, [done = std::move(done), appended]() mutable { done(std::move(appended)); });
    return;
  }
  const bool unanswered = faulty_ && runtime_.random() % 20 == 0;
  later(kFsyncUs, [this, topic, unanswered, done = std::move(done), appended]() mutable {
    flush(topic);
    if (unanswered) {
      done(Error{ErrorCode::unavailable, "kept, but the answer says otherwise"});
    } else {
      done(std::move(appended));
    }
  });
}

void SimLog::flush(const std::string& topic) {
  topics_[topic].durable = topics_[topic].records.size();
  std::list<Waiting> waiting = std::move(waiting_);
  waiting_.clear();
  for (Waiting& one : waiting) answer(one);
}

void SimLog::answer(Waiting& waiting) {
  const Topic& topic = topics_[waiting.partition.topic];
  // Readers see what is on disk: else a crash would take back what they were shown.
  const std::size_t end = skip_fsync_ ? topic.records.size() : topic.durable;
  const std::uint64_t from = to_number(waiting.from);
  if (from >= end) {
    waiting_.push_back(std::move(waiting));
    return;
  }
  std::vector<ports::StoredRecord> found;
  const std::uint64_t most = 1 + runtime_.random() % 50;
  for (std::uint64_t i = from; i < end && found.size() < most; ++i)
    found.push_back({LogOffset{i}, topic.records[i]});
  waiting.done(std::move(found));
}

void SimLog::read(ports::Partition partition, LogOffset from, ports::ReadLimits limits,
                  ports::Completion<Result<std::vector<ports::StoredRecord>>> done) {
  if (faulty_ && runtime_.random() % 50 == 0) {
    done(Error{ErrorCode::unavailable, "a fault of the simulation"});
    return;
  }
  Waiting waiting{std::move(partition), from, limits, std::move(done)};
  if (limits.wait_us > 0) {
    answer(waiting);
    if (waiting_.empty()) return;
    // The wait of the newest one runs out on its own.
    runtime_.post_after(limits.wait_us, [this, life = life_] {
      if (life != life_ || waiting_.empty()) return;
      waiting_.front().done(std::vector<ports::StoredRecord>());
      waiting_.pop_front();
    });
    return;
  }
  answer(waiting);
  if (!waiting_.empty() && waiting_.back().limits.wait_us <= 0) {
    waiting_.back().done(std::vector<ports::StoredRecord>());
    waiting_.pop_back();
  }
}

void SimLog::bounds(ports::Partition partition, ports::Completion<Result<ports::Bounds>> done) {
  const Topic& topic = topics_[partition.topic];
  done(ports::Bounds{LogOffset{0}, LogOffset{skip_fsync_ ? topic.records.size() : topic.durable}});
}

void SimLog::commit(std::string group, ports::Partition partition, LogOffset next,
                    ports::Completion<Status> done) {
  committed_[group + partition.topic] = next;
  done(Status(Done{}));
}

void SimLog::committed(std::string group, ports::Partition partition,
                       ports::Completion<Result<std::optional<LogOffset>>> done) {
  const auto found = committed_.find(group + partition.topic);
  done(found == committed_.end() ? std::optional<LogOffset>() : std::optional(found->second));
}

std::unique_ptr<ports::Membership> SimLog::join(std::string group, std::string topic,
                                                ports::Runtime& home,
                                                ports::MemberCallbacks callbacks) {
  return groups_.join(group, topic, partition_count(topic), home, std::move(callbacks));
}

}  // namespace telltale::sim
