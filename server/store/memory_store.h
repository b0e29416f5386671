// MemoryStore: the store of simulations and tests. What lives in it outlives a simulated process,
// not this one. Owned by who simulates; all calls are on one loop.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "ports/store.h"

namespace telltale::store {

class MemoryStore final : public ports::Store {
 public:
  void put(std::string key, std::string bytes, ports::Condition condition,
           ports::Completion<Result<std::string>> done) override;
  std::unique_ptr<ports::Upload> start_upload(std::string key) override;
  void get(std::string key, ports::ByteRange range,
           ports::Completion<Result<ports::Object>> done) override;
  void list(std::string prefix, std::string after, std::size_t limit,
            ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) override;
  void remove(std::string key, ports::Completion<Status> done) override;
  void close() override { closed_ = true; }

 private:
  Status check(const std::string& key) const;
  // A folder has a name of its own: no key is the folder of another one.
  bool is_in_the_way(const std::string& key) const;
  bool holds(const std::string& key, const ports::Condition& condition) const;

  std::map<std::string, std::string> objects_;
  bool closed_ = false;
};

}  // namespace telltale::store
