#include "ports/faulty_store.h"

namespace telltale::ports {

void FaultyStore::put(std::string key, std::string bytes, Condition condition,
                      Completion<Result<std::string>> done) {
  with_faults<std::string>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.put(std::move(key), std::move(bytes), std::move(condition), std::move(inner_done));
  });
}

void FaultyStore::get(std::string key, ByteRange range, Completion<Result<Object>> done) {
  with_faults<Object>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.get(std::move(key), range, std::move(inner_done));
  });
}

void FaultyStore::list(std::string prefix, std::string after, std::size_t limit,
                       Completion<Result<std::vector<ObjectInfo>>> done) {
  with_faults<std::vector<ObjectInfo>>(faults, runtime_, std::move(done), [&](auto inner_done) {
    inner_.list(std::move(prefix), std::move(after), limit, std::move(inner_done));
  });
}

void FaultyStore::remove(std::string key, Completion<Status> done) {
  with_faults<Done>(faults, runtime_, std::move(done),
                    [&](auto inner_done) { inner_.remove(std::move(key), std::move(inner_done)); });
}

}  // namespace telltale::ports
