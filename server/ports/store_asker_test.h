// StoreAsker: for tests of stores and of what is made of them: calls on a loop, answers awaited on
// the test's thread.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ports/await_test.h"
#include "ports/store.h"

namespace telltale::ports {

// A store and its loop, asked in one line.
class StoreAsker {
 public:
  StoreAsker(Runtime& loop, Store& store) : loop_(loop), store_(store) {}

  std::future<Result<std::string>> start_put(std::string key, std::string bytes,
                                             Condition condition = {}) {
    return ask<Result<std::string>>(loop_, [this, key, bytes, condition](auto done) {
      store_.put(key, bytes, condition, std::move(done));
    });
  }
  Result<std::string> put(std::string key, std::string bytes, Condition condition = {}) {
    return start_put(std::move(key), std::move(bytes), std::move(condition)).get();
  }
  Status write(Upload& upload, std::string bytes) {
    return ask<Status>(loop_, [&](auto done) { upload.write(std::move(bytes), std::move(done)); })
        .get();
  }
  std::future<Result<std::string>> start_commit(Upload& upload, Condition condition = {}) {
    return ask<Result<std::string>>(
        loop_, [&upload, condition](auto done) { upload.commit(condition, std::move(done)); });
  }
  Result<std::string> commit(Upload& upload, Condition condition = {}) {
    return start_commit(upload, std::move(condition)).get();
  }
  Status abort(Upload& upload) {
    return ask<Status>(loop_, [&](auto done) { upload.abort(std::move(done)); }).get();
  }
  std::shared_ptr<Upload> upload(std::string key) {
    return ask<std::shared_ptr<Upload>>(
               loop_,
               [this, key](auto done) { done(std::shared_ptr<Upload>(store_.start_upload(key))); })
        .get();
  }
  // An upload that has `bytes` and waits for its commit.
  std::shared_ptr<Upload> started_upload(std::string key, std::string bytes) {
    auto upload = this->upload(std::move(key));
    EXPECT_TRUE(write(*upload, std::move(bytes)).ok());
    return upload;
  }
  Result<Object> get(std::string key, ByteRange range = {}) {
    return ask<Result<Object>>(
               loop_, [this, key, range](auto done) { store_.get(key, range, std::move(done)); })
        .get();
  }
  Result<std::vector<ObjectInfo>> list(std::string prefix, std::string after = "",
                                       std::size_t limit = 1'000) {
    return ask<Result<std::vector<ObjectInfo>>>(
               loop_, [this, prefix, after,
                       limit](auto done) { store_.list(prefix, after, limit, std::move(done)); })
        .get();
  }
  Status remove(std::string key) {
    return ask<Status>(loop_, [this, key](auto done) { store_.remove(key, std::move(done)); })
        .get();
  }
  void close() {
    ask<bool>(loop_, [this](auto done) {
      store_.close();
      done(true);
    }).get();
  }

 private:
  Runtime& loop_;
  Store& store_;
};

}  // namespace telltale::ports
