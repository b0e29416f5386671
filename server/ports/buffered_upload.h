// BufferedUpload: the upload of a store that lives in memory: gathers the pieces and puts them as
// one. Owned by who writes the object; on the loop of its store, which outlives it.
#pragma once

#include <string>

#include "ports/store.h"

namespace telltale::ports {

class BufferedUpload final : public Upload {
 public:
  BufferedUpload(Store& store, std::string key) : store_(store), key_(std::move(key)) {}

  void write(std::string bytes, Completion<Status> done) override;
  void commit(Condition condition, Completion<Result<std::string>> done) override;
  void abort(Completion<Status> done) override;

 private:
  Store& store_;
  const std::string key_;
  std::string bytes_;
  bool ended_ = false;
};

}  // namespace telltale::ports
