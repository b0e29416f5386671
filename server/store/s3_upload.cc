#include "store/s3_upload.h"

#include <fmt/format.h>

#include <algorithm>

namespace telltale::store {

S3Upload::~S3Upload() {
  state_->abort({ErrorCode::closed, "The upload was given up."}, std::nullopt);
}

void S3Upload::write(std::string bytes, ports::Completion<Status> done) {
  state_->write(std::move(bytes), std::move(done));
}

void S3Upload::commit(ports::Condition condition, ports::Completion<Result<std::string>> done) {
  state_->commit(std::move(condition), std::move(done));
}

void S3Upload::abort(ports::Completion<Status> done) {
  state_->abort({ErrorCode::closed, "The upload was given up."}, std::move(done));
}

S3UploadState::S3UploadState(S3Bucket& bucket, JobPool& threads, std::string key)
    : bucket_(bucket), threads_(threads), key_(std::move(key)) {
  if (const Status good = ports::check_store_key(key_); !good.ok()) error_ = good.error();
}

void S3UploadState::write(std::string bytes, ports::Completion<Status> done) {
  const Lock lock(mutex_);
  CHECK(!writer_, "a piece of {} before the last one was answered", key_);
  CHECK(!ended_ || error_, "a piece of {} after its end", key_);
  if (!error_) {
    std::string_view rest = bytes;
    while (!rest.empty() && !error_) {
      if (!etags_.empty()) filling_.reserve(s3::kPartBytes);
      const std::size_t taken = std::min(rest.size(), s3::kPartBytes - filling_.size());
      filling_ += rest.substr(0, taken);
      rest.remove_prefix(taken);
      if (filling_.size() == s3::kPartBytes) cut();
    }
  }
  writer_.emplace(std::move(done));
  go_on();
}

void S3UploadState::commit(ports::Condition condition,
                           ports::Completion<Result<std::string>> done) {
  const Lock lock(mutex_);
  CHECK(!ended_ || error_, "{} ends twice", key_);
  ended_ = true;
  condition_ = std::move(condition);
  committer_.emplace(std::move(done));
  if (!error_ && !etags_.empty() && !filling_.empty()) cut();
  finish();
}

void S3UploadState::abort(Error reason, std::optional<ports::Completion<Status>> done) {
  const Lock lock(mutex_);
  if (done) aborter_ = std::move(done);
  if (!ended_) {
    ended_ = true;
    fail(reason);
  }
  finish();
}

// What was written since the last one becomes a part on its way.
void S3UploadState::cut() {
  if (etags_.size() == s3::kParts) {
    fail({ErrorCode::too_large,
          fmt::format("An object has at most {} GiB.", (s3::kParts * s3::kPartBytes) >> 30)});
    return;
  }
  etags_.emplace_back();
  waiting_.emplace_back(etags_.size(), std::exchange(filling_, {}));
  ++in_flight_;
  if (!multipart_ && !creating_) {
    creating_ = true;
    threads_.push([self = shared_from_this()] { self->create(); });
  }
  start_parts();
}

void S3UploadState::start_parts() {
  if (!multipart_) return;
  for (auto& [number, bytes] : waiting_) {
    threads_.push([self = shared_from_this(), number = number, bytes = std::move(bytes)]() mutable {
      self->send_part(number, std::move(bytes));
    });
  }
  waiting_.clear();
}

void S3UploadState::create() {
  Result<S3Bucket::Multipart> made = bucket_.create_multipart(key_);
  const Lock lock(mutex_);
  creating_ = false;
  if (made.ok()) {
    multipart_ = made.take();
    if (error_) {  // given up meanwhile
      in_flight_ -= waiting_.size();
      waiting_.clear();
    }
    start_parts();
  } else {
    fail(made.error());
  }
  go_on();
  finish();
}

void S3UploadState::send_part(std::size_t number, std::string bytes) {
  const bool given_up = [this] {
    const Lock lock(mutex_);
    return error_.has_value();
  }();
  const Result<std::string> etag =
      given_up ? Result<std::string>("") : bucket_.put_part(*multipart_, number, std::move(bytes));
  const Lock lock(mutex_);
  --in_flight_;
  if (etag.ok()) {
    etags_[number - 1] = *etag;
  } else {
    fail(etag.error());
  }
  go_on();
  finish();
}

// Answers the writer once there is room for more, or none will be.
void S3UploadState::go_on() {
  if (!writer_ || (in_flight_ >= s3::kPartsInFlight && !error_)) return;
  auto writer = std::move(*writer_);
  writer_.reset();
  writer(error_ ? Status(*error_) : Status(Done{}));
}

// The first error is the upload's; what was written is let go.
void S3UploadState::fail(const Error& error) {
  if (!error_) error_ = error;
  filling_ = {};
  if (!creating_) {
    in_flight_ -= waiting_.size();
    waiting_.clear();
  }
}

// Once the end was asked for and no part is on its way: the last request. After an error nobody has
// to ask: what is there of it goes.
void S3UploadState::finish() {
  if (finishing_ || creating_ || in_flight_ > 0 || (!ended_ && !error_)) return;
  if (!error_) {
    finishing_ = true;
    if (etags_.empty()) {
      put_whole();
    } else {
      complete();
    }
    return;
  }
  if (committer_) {
    (*committer_)(*error_);
    committer_.reset();
  }
  remove_parts();
}

void S3UploadState::put_whole() {
  threads_.push([self = shared_from_this()] {
    Result<std::string> etag = self->bucket_.put(self->key_, self->filling_, self->condition_);
    (*self->committer_)(std::move(etag));
    const Lock lock(self->mutex_);
    self->filling_ = {};
    self->committer_.reset();
  });
}

void S3UploadState::complete() {
  threads_.push([self = shared_from_this()] {
    Result<std::string> etag =
        self->bucket_.complete(*self->multipart_, self->etags_, self->condition_);
    const Lock lock(self->mutex_);
    self->finishing_ = false;
    if (!etag.ok()) {
      self->fail(etag.error());
      self->finish();
      return;
    }
    self->finishing_ = true;
    (*self->committer_)(std::move(etag));
    self->committer_.reset();
  });
}

void S3UploadState::remove_parts() {
  if (multipart_) {
    finishing_ = true;
    threads_.push([self = shared_from_this(), multipart = *multipart_] {
      const Status status = self->bucket_.abort(multipart);
      const Lock lock(self->mutex_);
      self->multipart_.reset();
      self->finishing_ = false;
      if (self->aborter_) (*self->aborter_)(status);
      self->aborter_.reset();
      self->finish();  // a commit may have come meanwhile, to be told the error
    });
  } else if (aborter_) {
    (*aborter_)(Status(Done{}));
    aborter_.reset();
  }
}

}  // namespace telltale::store
