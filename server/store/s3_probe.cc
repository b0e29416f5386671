#include "store/s3_probe.h"

#include <fmt/format.h>

#include <optional>
#include <random>
#include <thread>
#include <vector>

namespace telltale::store {
namespace {

using ports::Condition;

constexpr int kWriters = 8;

// The keys of one probe, which go with it.
class ProbeKeys {
 public:
  explicit ProbeKeys(S3Bucket& bucket) : bucket_(bucket) {
    std::random_device random;
    // Not in one folder: some stores keep an empty one.
    first = fmt::format("probe-{:08x}{:08x}", random(), random());
    second = first + "-b";
  }
  ~ProbeKeys() { (void)remove(); }
  ProbeKeys(const ProbeKeys&) = delete;
  ProbeKeys& operator=(const ProbeKeys&) = delete;

  Status remove() {
    if (removed_) return Done{};
    removed_ = true;
    const Status one = bucket_.remove(first);
    const Status two = bucket_.remove(second);
    return one.ok() ? two : one;
  }

  std::string first;
  std::string second;

 private:
  S3Bucket& bucket_;
  bool removed_ = false;
};

bool refused(const Result<std::string>& answer) {
  return !answer.ok() && answer.error().code == ErrorCode::precondition_failed;
}

Error unfit(const std::string& name, const std::string& what) {
  return {ErrorCode::internal,
          fmt::format("{} does not honour conditional writes: {}. Without them two processes can "
                      "overwrite each other's work; docs/operate.md names stores that do.",
                      name, what)};
}

// Several writers at once: one wins, the others are refused. Answers the winner's etag.
Result<std::string> race(S3Bucket& bucket, const std::string& name, const std::string& key,
                         const Condition& condition) {
  std::vector<std::optional<Result<std::string>>> answers(kWriters);
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      answers[static_cast<std::size_t>(i)] =
          bucket.put(key, fmt::format("writer {}", i), condition);
    });
  }
  for (std::thread& writer : writers) writer.join();
  std::optional<std::string> winner;
  for (const auto& answer : answers) {
    if (!answer->ok() && !refused(*answer)) return answer->error();
    if (answer->ok() && winner)
      return unfit(
          name, fmt::format("of {} writers at once more than one was told that it won", kWriters));
    if (answer->ok()) winner = **answer;
  }
  if (!winner) return unfit(name, fmt::format("of {} writers at once none won", kWriters));
  const auto there = bucket.head(key);
  if (!there.ok()) return there.error();
  if (there->etag != *winner) return unfit(name, "the object is not the winner's");
  return *winner;
}

// One that must be refused was.
Status expect_refused(const std::string& name, const Result<std::string>& answer,
                      const char* what) {
  if (refused(answer)) return Done{};
  if (answer.ok()) return unfit(name, what);
  return answer.error();
}

// The end of a multipart upload is a write of its own kind.
Result<std::string> put_as_multipart(S3Bucket& bucket, const std::string& key,
                                     const Condition& condition) {
  const Result<S3Bucket::Multipart> upload = bucket.create_multipart(key);
  if (!upload.ok()) return upload.error();
  const Result<std::string> part = bucket.put_part(*upload, 1, "part");
  const Result<std::string> etag =
      part.ok() ? bucket.complete(*upload, {*part}, condition) : part.error();
  if (!etag.ok()) (void)bucket.abort(*upload);
  return etag;
}

}  // namespace

Status probe(S3Bucket& bucket, const std::string& name) {
  ProbeKeys keys(bucket);
  const Result<std::string> first = bucket.put(keys.first, "first", Condition::absent());
  if (!first.ok()) return first.error();
  Status status = expect_refused(name, bucket.put(keys.first, "again", Condition::absent()),
                                 "it overwrote an object in spite of If-None-Match");
  if (!status.ok()) return status;
  const Result<std::string> second = bucket.put(keys.first, "second", Condition::matches(*first));
  if (!second.ok()) return second.error();
  status = expect_refused(name, bucket.put(keys.first, "stale", Condition::matches(*first)),
                          "it overwrote an object in spite of If-Match with a stale etag");
  if (!status.ok()) return status;
  status = expect_refused(name, put_as_multipart(bucket, keys.first, Condition::absent()),
                          "it completed a multipart upload in spite of If-None-Match");
  if (!status.ok()) return status;
  status = expect_refused(name, put_as_multipart(bucket, keys.first, Condition::matches(*first)),
                          "it completed a multipart upload in spite of If-Match");
  if (!status.ok()) return status;
  const Result<std::string> raced = race(bucket, name, keys.first, Condition::matches(*second));
  if (!raced.ok()) return raced.error();
  const Result<std::string> made = race(bucket, name, keys.second, Condition::absent());
  if (!made.ok()) return made.error();
  return keys.remove();
}

}  // namespace telltale::store
