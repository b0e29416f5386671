// DirectoryStore: objects as files below a folder. A put is written beside its place, fsynced and
// renamed, and the folder is fsynced: a reader sees the old object or the new one, whole. One
// thread writes, so conditional puts are race-free within the process, which suffices: the log's
// lock keeps other ones out. Another one reads and never waits for an fsync, a third writes uploads
// aside. The etag is made of
// inode, size and modification time, and the time is one that no other object of the process got:
// the clock's alone comes back within a tick. So a range of a large object costs the range.
// Any thread may call.
#pragma once

#include <memory>
#include <string>

#include "ports/store.h"

namespace telltale::store {

struct DirectoryState;

class DirectoryStore final : public ports::Store {
 public:
  static Result<std::unique_ptr<DirectoryStore>> open(const std::string& directory);
  ~DirectoryStore() override;

  void put(std::string key, std::string bytes, ports::Condition condition,
           ports::Completion<Result<std::string>> done) override;
  std::unique_ptr<ports::Upload> start_upload(std::string key) override;
  void get(std::string key, ports::ByteRange range,
           ports::Completion<Result<ports::Object>> done) override;
  void list(std::string prefix, std::string after, std::size_t limit,
            ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) override;
  void remove(std::string key, ports::Completion<Status> done) override;
  void close() override;

 private:
  explicit DirectoryStore(std::shared_ptr<DirectoryState> state);
  std::shared_ptr<DirectoryState> state_;
};

}  // namespace telltale::store
