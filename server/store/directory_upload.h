// DirectoryUpload: an upload into a DirectoryStore: a file aside, renamed at commit. Its bytes and
// their fsync are the uploader thread's, so that a checkpoint does not wait for gigabytes; the
// rename is the writer's, as for every put.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/directory_state.h"

namespace telltale::store {

class DirectoryUpload final : public ports::Upload {
 public:
  DirectoryUpload(std::shared_ptr<DirectoryState> state, std::string key);
  ~DirectoryUpload() override;

  void write(std::string bytes, ports::Completion<Status> done) override;
  void commit(ports::Condition condition, ports::Completion<Result<std::string>> done) override;
  void abort(ports::Completion<Status> done) override;

 private:
  struct Part;
  std::shared_ptr<DirectoryState> state_;
  const std::string key_;
  std::shared_ptr<Part> part_;  // only touched on the uploader
};

}  // namespace telltale::store
