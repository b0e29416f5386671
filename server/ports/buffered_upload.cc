#include "ports/buffered_upload.h"

namespace telltale::ports {

void BufferedUpload::write(std::string bytes, Completion<Status> done) {
  CHECK(!ended_, "a piece of {} after its end", key_);
  bytes_ += bytes;
  done(Status(Done{}));
}

void BufferedUpload::commit(Condition condition, Completion<Result<std::string>> done) {
  CHECK(!ended_, "{} ends twice", key_);
  ended_ = true;
  store_.put(key_, std::move(bytes_), std::move(condition), std::move(done));
}

void BufferedUpload::abort(Completion<Status> done) {
  CHECK(!ended_, "{} ends twice", key_);
  ended_ = true;
  bytes_ = {};
  done(Status(Done{}));
}

}  // namespace telltale::ports
