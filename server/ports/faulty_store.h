// FaultyStore: a Store that fails by chance, over one that does not. Chance and delay come from the
// Runtime, so a simulation's seed decides them. Owned by tests and simulations; lives on the loop
// of `runtime`. It never tears an object: put stays atomic.
#pragma once

#include "ports/faults.h"
#include "ports/store.h"

namespace telltale::ports {

class FaultyStore final : public Store {
 public:
  // Both outlive this. Without faults it behaves as `inner`.
  FaultyStore(Store& inner, Runtime& runtime, Faults faults = {})
      : faults(faults), inner_(inner), runtime_(runtime) {}

  void put(std::string key, std::string bytes, Condition condition,
           Completion<Result<std::string>> done) override;
  std::unique_ptr<Upload> start_upload(std::string key) override;
  void get(std::string key, ByteRange range, Completion<Result<Object>> done) override;
  void list(std::string prefix, std::string after, std::size_t limit,
            Completion<Result<std::vector<ObjectInfo>>> done) override;
  void remove(std::string key, Completion<Status> done) override;
  void close() override { inner_.close(); }

  Faults faults;  // may change between calls

 private:
  Store& inner_;
  Runtime& runtime_;
};

}  // namespace telltale::ports
