#include "store/memory_store.h"

#include <algorithm>

#include "base/ids.h"
#include "ports/buffered_upload.h"

namespace telltale::store {

Status MemoryStore::check(const std::string& key) const {
  if (closed_) return Error{ErrorCode::closed, "The store is closed."};
  return ports::check_store_key(key);
}

bool MemoryStore::is_in_the_way(const std::string& key) const {
  const auto below = objects_.lower_bound(key + "/");
  if (below != objects_.end() && below->first.rfind(key + "/", 0) == 0) return true;
  for (std::size_t at = key.find('/'); at != std::string::npos; at = key.find('/', at + 1)) {
    if (objects_.count(key.substr(0, at)) != 0) return true;
  }
  return false;
}

bool MemoryStore::holds(const std::string& key, const ports::Condition& condition) const {
  const auto found = objects_.find(key);
  switch (condition.kind) {
    case ports::Condition::Kind::none: return true;
    case ports::Condition::Kind::absent: return found == objects_.end();
    case ports::Condition::Kind::matches:
      return found != objects_.end() && hash_id({found->second}) == condition.etag;
  }
  return false;
}

void MemoryStore::put(std::string key, std::string bytes, ports::Condition condition,
                      ports::Completion<Result<std::string>> done) {
  if (const Status good = check(key); !good.ok()) {
    done(good.error());
  } else if (is_in_the_way(key)) {
    done(ports::key_is_a_folder());
  } else if (!holds(key, condition)) {
    done(ports::condition_failed());
  } else {
    std::string etag = hash_id({bytes});
    objects_[std::move(key)] = std::move(bytes);
    done(std::move(etag));
  }
}

std::unique_ptr<ports::Upload> MemoryStore::start_upload(std::string key) {
  return std::make_unique<ports::BufferedUpload>(*this, std::move(key));
}

void MemoryStore::get(std::string key, ports::ByteRange range,
                      ports::Completion<Result<ports::Object>> done) {
  if (const Status good = check(key); !good.ok()) {
    done(good.error());
    return;
  }
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    done(Error{ErrorCode::not_found, "There is no such object."});
    return;
  }
  const std::string& bytes = found->second;
  const std::uint64_t from = std::min<std::uint64_t>(range.offset, bytes.size());
  done(ports::Object{bytes.substr(from, range.length.value_or(std::string::npos)), hash_id({bytes}),
                     bytes.size()});
}

void MemoryStore::list(std::string prefix, std::string after, std::size_t limit,
                       ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) {
  // A prefix ends anywhere: "runs/" and "ru" are as good as a whole key.
  if (const Status good = check(prefix + "x"); !good.ok()) {
    done(good.error());
    return;
  }
  std::vector<ports::ObjectInfo> found;
  for (auto it = objects_.lower_bound(prefix);
       it != objects_.end() && it->first.rfind(prefix, 0) == 0 && found.size() < limit; ++it) {
    if (it->first > after) found.push_back({it->first, it->second.size()});
  }
  done(std::move(found));
}

void MemoryStore::remove(std::string key, ports::Completion<Status> done) {
  const Status good = check(key);
  if (good.ok()) objects_.erase(key);
  done(good);
}

}  // namespace telltale::store
