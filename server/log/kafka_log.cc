#include "log/kafka_log.h"

#include <fmt/format.h>

#include <atomic>

#include "log/kafka_groups.h"
#include "log/kafka_limits.h"
#include "log/kafka_producer.h"
#include "log/kafka_questions.h"
#include "log/kafka_reader.h"
#include "log/kafka_topics.h"

namespace telltale::log {
namespace {

const Error kClosed{ErrorCode::closed, "The log is closed."};
const Error kNoPartition{ErrorCode::not_found, "There is no such partition."};
const Error kTooMany{ErrorCode::too_many_requests, "Too many questions wait. Try again later."};

// A read that waits less than this first asks where the log ends: what its wait would tell is too
// little to answer that there is nothing.
constexpr std::int64_t kShortWaitUs = 200'000;

class KafkaLog final : public ports::Log {
 public:
  static Result<std::unique_ptr<ports::Log>> open(const std::string& url, KafkaLogOptions options);
  KafkaLog(KafkaConfig config, std::unique_ptr<KafkaHealth> health, KafkaHandle client,
           std::map<std::string, int> counts, std::unique_ptr<KafkaProducer> producer);
  ~KafkaLog() override { close(); }

  void append(std::string topic, std::vector<ports::Record> records,
              ports::Completion<Result<ports::Appended>> done) override;
  void read(ports::Partition partition, LogOffset from, ports::ReadLimits limits,
            ports::Completion<Result<std::vector<ports::StoredRecord>>> done) override;
  void bounds(ports::Partition partition, ports::Completion<Result<ports::Bounds>> done) override;
  void commit(std::string group, ports::Partition partition, LogOffset next,
              ports::Completion<Status> done) override;
  void committed(std::string group, ports::Partition partition,
                 ports::Completion<Result<std::optional<LogOffset>>> done) override;
  // What brokers are in the way of is told by bounds(), which asks them.
  void check(ports::Completion<Status> done) override {
    done(closed_ ? Status(kClosed) : Status(Done{}));
  }
  // They forget by their topics' retention.
  void forget(ports::Partition partition, LogOffset, ports::Completion<Status> done) override {
    done(!closed_ && !has(partition) ? Status(kNoPartition) : Status(Done{}));
  }
  std::unique_ptr<ports::Membership> join(std::string group, std::string topic,
                                          ports::Runtime& home,
                                          ports::MemberCallbacks callbacks) override;
  int partition_count(const std::string& topic) const override;
  void close() override;

 private:
  bool has(const ports::Partition& partition) const;
  ports::Partition in_kafka(const ports::Partition& partition) const {
    return {config_.prefix + partition.topic, partition.number};
  }
  // Runs `question` on a thread that may block; `done` gets its answer.
  template <typename T, typename Question>
  void ask(Question question, ports::Completion<Result<T>> done);

  const KafkaConfig config_;
  const std::unique_ptr<KafkaHealth> health_;  // before all clients
  const KafkaHandle client_;                   // for questions
  const std::map<std::string, int> counts_;
  std::atomic<bool> closed_ = false;
  const std::unique_ptr<KafkaProducer> producer_;
  KafkaGroups groups_;
  KafkaQuestions questions_;
  KafkaReader reader_;
};

Result<std::unique_ptr<ports::Log>> KafkaLog::open(const std::string& url,
                                                   KafkaLogOptions options) {
  Result<KafkaConfig> config = KafkaConfig::parse(url);
  if (!config.ok()) return config.error();
  auto health = std::make_unique<KafkaHealth>();
  Result<KafkaConf> conf = config->conf({});
  if (!conf.ok()) return conf.error();
  // A consumer: asking it for a topic never makes one.
  Result<KafkaHandle> client = make_kafka_client(RD_KAFKA_CONSUMER, conf.take(), *health);
  if (!client.ok()) return client.error();
  auto counts = ensure_kafka_topics(client->get(), *config, options.topics, *health);
  if (!counts.ok()) return counts.error();
  auto producer = KafkaProducer::open(*config, std::move(options.describe), *health);
  if (!producer.ok()) return producer.error();
  return std::unique_ptr<ports::Log>(new KafkaLog(config.take(), std::move(health), client.take(),
                                                  counts.take(), producer.take()));
}

KafkaLog::KafkaLog(KafkaConfig config, std::unique_ptr<KafkaHealth> health, KafkaHandle client,
                   std::map<std::string, int> counts, std::unique_ptr<KafkaProducer> producer)
    : config_(std::move(config)),
      health_(std::move(health)),
      client_(std::move(client)),
      counts_(std::move(counts)),
      producer_(std::move(producer)),
      groups_(config_, *health_),
      reader_(config_, *health_, [this](const ports::Partition& partition, auto answer) {
        // Refused only when the log closes, and then nobody waits.
        (void)questions_.ask(
            [this, partition, answer = std::move(answer)](bool there_is_time) mutable {
              if (there_is_time) answer(ask_bounds(client_.get(), partition, *health_));
            });
      }) {}

bool KafkaLog::has(const ports::Partition& partition) const {
  const auto found = counts_.find(partition.topic);
  return found != counts_.end() && partition.number >= 0 && partition.number < found->second;
}

template <typename T, typename Question>
void KafkaLog::ask(Question question, ports::Completion<Result<T>> done) {
  auto shared = std::make_shared<ports::Completion<Result<T>>>(std::move(done));
  const bool asked =
      questions_.ask([shared, question = std::move(question)](bool there_is_time) mutable {
        (*shared)(there_is_time ? question() : Result<T>(kClosed));
      });
  if (!asked) (*shared)(closed_ ? kClosed : kTooMany);
}

void KafkaLog::append(std::string topic, std::vector<ports::Record> records,
                      ports::Completion<Result<ports::Appended>> done) {
  if (counts_.count(topic) == 0) {
    done(Error{ErrorCode::not_found, fmt::format("There is no topic {}.", topic)});
    return;
  }
  std::vector<int> partitions;
  partitions.reserve(records.size());
  for (const ports::Record& record : records) partitions.push_back(partition_of(topic, record.key));
  producer_->append(config_.prefix + topic, std::move(records), std::move(partitions),
                    std::move(done));
}

void KafkaLog::read(ports::Partition partition, LogOffset from, ports::ReadLimits limits,
                    ports::Completion<Result<std::vector<ports::StoredRecord>>> done) {
  if (closed_ || !has(partition)) {
    done(closed_ ? kClosed : kNoPartition);
    return;
  }
  if (limits.wait_us >= kShortWaitUs) {
    reader_.read(in_kafka(partition), from, limits, false, std::move(done));
    return;
  }
  auto shared = std::make_shared<KafkaReader::Answer>(std::move(done));
  const bool asked = questions_.ask(
      [this, partition = in_kafka(partition), from, limits, shared](bool there_is_time) {
        if (!there_is_time) {
          (*shared)(kClosed);
          return;
        }
        const Result<ports::Bounds> bounds = ask_bounds(client_.get(), partition, *health_);
        if (!bounds.ok()) {
          (*shared)(bounds.error());
        } else if (from >= bounds->end && limits.wait_us <= 0) {
          (*shared)(std::vector<ports::StoredRecord>());
        } else {
          reader_.read(partition, from, limits, from < bounds->end, std::move(*shared));
        }
      });
  if (!asked) (*shared)(closed_ ? kClosed : kTooMany);
}

void KafkaLog::bounds(ports::Partition partition, ports::Completion<Result<ports::Bounds>> done) {
  if (!closed_ && !has(partition)) {
    done(kNoPartition);
    return;
  }
  ask<ports::Bounds>(
      [this, partition = in_kafka(partition)] {
        return ask_bounds(client_.get(), partition, *health_);
      },
      std::move(done));
}

void KafkaLog::commit(std::string group, ports::Partition partition, LogOffset next,
                      ports::Completion<Status> done) {
  ask<Done>(
      [this, group = config_.prefix + group, partition = in_kafka(partition), next] {
        const std::shared_ptr<KafkaMember> member = groups_.member_of(group);
        return member != nullptr
                   ? commit_as_member(member->client(), partition, next, *health_)
                   : commit_for_group(client_.get(), group, partition, next, *health_);
      },
      std::move(done));
}

void KafkaLog::committed(std::string group, ports::Partition partition,
                         ports::Completion<Result<std::optional<LogOffset>>> done) {
  ask<std::optional<LogOffset>>(
      [this, group = config_.prefix + group, partition = in_kafka(partition)] {
        return ask_committed(client_.get(), group, partition, *health_);
      },
      std::move(done));
}

std::unique_ptr<ports::Membership> KafkaLog::join(std::string group, std::string topic,
                                                  ports::Runtime& home,
                                                  ports::MemberCallbacks callbacks) {
  CHECK(counts_.count(topic) > 0, "no topic {}", topic);
  return groups_.join(group, topic, home, std::move(callbacks));
}

int KafkaLog::partition_count(const std::string& topic) const {
  const auto found = counts_.find(topic);
  CHECK(found != counts_.end(), "no topic {}", topic);
  return found->second;
}

// What was accepted is appended and what was asked is answered; members leave last, so that commits
// under way are still theirs.
void KafkaLog::close() {
  if (closed_.exchange(true)) return;
  producer_->close();
  questions_.close();
  reader_.close();
  groups_.close();
}

}  // namespace

Result<std::unique_ptr<ports::Log>> open_kafka_log(const std::string& url,
                                                   KafkaLogOptions options) {
  return KafkaLog::open(url, std::move(options));
}

}  // namespace telltale::log
