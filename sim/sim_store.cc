#include "sim/sim_store.h"

#include "ports/buffered_upload.h"

namespace telltale::sim {

SimStore::SimStore(ports::Runtime& runtime, bool skip_snapshots)
    : runtime_(runtime), skip_snapshots_(skip_snapshots) {}

void SimStore::later(ports::Task task) {
  const auto delay_us = static_cast<std::int64_t>(runtime_.random() % 5'000);
  runtime_.post_after(delay_us, [this, life = life_, task = std::move(task)]() mutable {
    if (life == life_) task();
  });
}

void SimStore::put(std::string key, std::string bytes, ports::Condition,
                   ports::Completion<Result<std::string>> done) {
  const bool fails = faulty_ && runtime_.random() % 10 == 0;
  later([this, fails, key = std::move(key), bytes = std::move(bytes),
         done = std::move(done)]() mutable {
    if (fails) {
      done(Error{ErrorCode::storage_full, "a fault of the simulation"});
      return;
    }
    const bool thrown_away = skip_snapshots_ && key.find("snapshot") != std::string::npos;
    if (!thrown_away) objects_[key] = std::move(bytes);
    done(std::string("etag"));
  });
}

std::unique_ptr<ports::Upload> SimStore::start_upload(std::string key) {
  return std::make_unique<ports::BufferedUpload>(*this, std::move(key));
}

void SimStore::get(std::string key, ports::ByteRange,
                   ports::Completion<Result<ports::Object>> done) {
  later([this, key = std::move(key), done = std::move(done)]() mutable {
    const auto found = objects_.find(key);
    if (found == objects_.end()) {
      done(Error{ErrorCode::not_found, "There is no such object."});
    } else {
      done(ports::Object{found->second, "etag", found->second.size()});
    }
  });
}

void SimStore::list(std::string, std::string, std::size_t,
                    ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) {
  done(std::vector<ports::ObjectInfo>());
}

void SimStore::remove(std::string key, ports::Completion<Status> done) {
  objects_.erase(key);
  done(Status(Done{}));
}

}  // namespace telltale::sim
