// StoreCaller: a store whose answers are waited for, for commands that do one thing after another.
// Owned by a command; used on its thread, while the answers come on the loop, which is another
// thread's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ports/store.h"

namespace telltale::admin {

class StoreCaller {
 public:
  // Both outlive this.
  StoreCaller(ports::Runtime& loop, ports::Store& store) : loop_(loop), store_(store) {}

  Result<ports::Object> get(const std::string& key, ports::ByteRange range = {});
  Result<std::string> put(const std::string& key, std::string bytes, ports::Condition condition);
  Status remove(const std::string& key);
  // Calls `take` for every object with the prefix, in the order of their keys.
  Status each(const std::string& prefix, const std::function<void(const ports::ObjectInfo&)>& take);
  // Calls `take` with each object, in the order given; several are on their way at a time.
  void get_each(
      const std::vector<std::string>& keys,
      const std::function<void(const std::string& key, const Result<ports::Object>&)>& take);

  ports::Runtime& loop() { return loop_; }
  ports::Store& store() { return store_; }

 private:
  ports::Runtime& loop_;
  ports::Store& store_;
};

}  // namespace telltale::admin
