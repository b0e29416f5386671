// SimStore: the Store of a World: what was answered survives crash(); puts fail now and then.
#pragma once

#include <map>
#include <memory>

#include "ports/store.h"

namespace telltale::sim {

class SimStore final : public ports::Store {
 public:
  // `skip_snapshots`: puts of snapshots are answered and thrown away.
  SimStore(ports::Runtime& runtime, bool skip_snapshots);

  void set_faulty(bool faulty) { faulty_ = faulty; }
  void crash() { ++life_; }

  void put(std::string key, std::string bytes, ports::Condition condition,
           ports::Completion<Result<std::string>> done) override;
  std::unique_ptr<ports::Upload> start_upload(std::string key) override;
  void get(std::string key, ports::ByteRange range,
           ports::Completion<Result<ports::Object>> done) override;
  void list(std::string prefix, std::string after, std::size_t limit,
            ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) override;
  void remove(std::string key, ports::Completion<Status> done) override;
  void close() override {}

 private:
  void later(ports::Task task);

  ports::Runtime& runtime_;
  const bool skip_snapshots_;
  bool faulty_ = true;
  std::uint64_t life_ = 0;
  std::map<std::string, std::string> objects_;
};

}  // namespace telltale::sim
