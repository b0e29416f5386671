// S3Upload: an upload into an S3Store: cut into parts of one size, some of them on their way while
// the next one fills; a small object is one put. A writer is answered while fewer parts than
// kPartsInFlight are on their way, so memory has a bound whatever the object's size. Owned by who
// writes; the parts travel on the store's upload threads.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/store.h"
#include "store/job_pool.h"
#include "store/s3_bucket.h"

namespace telltale::store {

// One upload's state, shared with the jobs of its parts; locks itself.
class S3UploadState;

class S3Upload final : public ports::Upload {
 public:
  explicit S3Upload(std::shared_ptr<S3UploadState> state) : state_(std::move(state)) {}
  ~S3Upload() override;

  void write(std::string bytes, ports::Completion<Status> done) override;
  void commit(ports::Condition condition, ports::Completion<Result<std::string>> done) override;
  void abort(ports::Completion<Status> done) override;

 private:
  std::shared_ptr<S3UploadState> state_;
};

class S3UploadState : public std::enable_shared_from_this<S3UploadState> {
 public:
  // `bucket` and `threads` outlive the jobs.
  S3UploadState(S3Bucket& bucket, JobPool& threads, std::string key);

  void write(std::string bytes, ports::Completion<Status> done);
  void commit(ports::Condition condition, ports::Completion<Result<std::string>> done);
  // Ends it with `reason`, unless its end was asked for already; `done` may be none.
  void abort(Error reason, std::optional<ports::Completion<Status>> done);

 private:
  using Lock = std::unique_lock<std::mutex>;

  // All of these with the lock held.
  void cut();
  void start_parts();
  void go_on();
  void fail(const Error& error);
  void finish();
  void put_whole();
  void complete();
  void remove_parts();

  // On the upload threads.
  void create();
  void send_part(std::size_t number, std::string bytes);

  S3Bucket& bucket_;
  JobPool& threads_;
  const std::string key_;

  std::mutex mutex_;
  std::string filling_;                                       // the part that is not full yet
  std::vector<std::pair<std::size_t, std::string>> waiting_;  // parts that wait for the upload's id
  std::vector<std::string> etags_;                            // of part i + 1
  std::size_t in_flight_ = 0;                                 // parts cut and not yet kept
  bool creating_ = false;
  bool ended_ = false;      // commit or abort was called
  bool finishing_ = false;  // the last request is on its way
  std::optional<S3Bucket::Multipart> multipart_;
  std::optional<Error> error_;
  std::optional<ports::Completion<Status>> writer_;
  ports::Condition condition_;
  std::optional<ports::Completion<Result<std::string>>> committer_;
  std::optional<ports::Completion<Status>> aborter_;
};

}  // namespace telltale::store
