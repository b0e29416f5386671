#include "ports/faulty_store.h"

namespace telltale::ports {
namespace {

// Each call fails by the faults of its moment; the first error of a piece is the upload's.
class FaultyUpload final : public Upload {
 public:
  FaultyUpload(std::unique_ptr<Upload> inner, Runtime& runtime, const Faults& faults)
      : inner_(std::move(inner)), runtime_(runtime), faults_(faults) {}

  void write(std::string bytes, Completion<Status> done) override {
    if (*error_) {
      done(**error_);
      return;
    }
    Completion<Status> noted(runtime_,
                             [error = error_, done = std::move(done)](Status status) mutable {
                               if (!status.ok()) *error = status.error();
                               done(std::move(status));
                             });
    with_faults<Done>(faults_, runtime_, std::move(noted), [&](auto inner_done) {
      inner_->write(std::move(bytes), std::move(inner_done));
    });
  }

  void commit(Condition condition, Completion<Result<std::string>> done) override {
    if (*error_) {
      done(**error_);
      return;
    }
    with_faults<std::string>(faults_, runtime_, std::move(done), [&](auto inner_done) {
      inner_->commit(std::move(condition), std::move(inner_done));
    });
  }

  void abort(Completion<Status> done) override {
    with_faults<Done>(faults_, runtime_, std::move(done),
                      [&](auto inner_done) { inner_->abort(std::move(inner_done)); });
  }

 private:
  std::unique_ptr<Upload> inner_;
  Runtime& runtime_;
  const Faults& faults_;
  // Answers arrive that outlive this.
  std::shared_ptr<std::optional<Error>> error_ = std::make_shared<std::optional<Error>>();
};

}  // namespace

void FaultyStore::put(std::string key, std::string bytes, Condition condition,
                      Completion<Result<std::string>> done) {
  with_faults<std::string>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.put(std::move(key), std::move(bytes), std::move(condition), std::move(inner_done));
  });
}

std::unique_ptr<Upload> FaultyStore::start_upload(std::string key) {
  return std::make_unique<FaultyUpload>(inner_.start_upload(std::move(key)), runtime_, faults);
}

void FaultyStore::get(std::string key, ByteRange range, Completion<Result<Object>> done) {
  with_faults<Object>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.get(std::move(key), range, std::move(inner_done));
  });
}

void FaultyStore::list(std::string prefix, std::string after, std::size_t limit,
                       Completion<Result<std::vector<ObjectInfo>>> done) {
  with_faults<std::vector<ObjectInfo>>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.list(std::move(prefix), std::move(after), limit, std::move(inner_done));
  });
}

void FaultyStore::remove(std::string key, Completion<Status> done) {
  with_faults<Done>(faults, runtime_, std::move(done),
                    [&](auto inner_done) { inner_.remove(std::move(key), std::move(inner_done)); });
}

}  // namespace telltale::ports
