#include "admin/store_caller.h"

#include <deque>

#include "admin/wait_for.h"
#include "base/limits.h"

namespace telltale::admin {

Result<ports::Object> StoreCaller::get(const std::string& key, ports::ByteRange range) {
  return wait_for<Result<ports::Object>>(loop_, [&](auto done) {
    store_.get(key, range, {loop_, std::move(done)});
  });
}

Result<std::string> StoreCaller::put(const std::string& key, std::string bytes,
                                     ports::Condition condition) {
  return wait_for<Result<std::string>>(loop_, [&](auto done) {
    store_.put(key, std::move(bytes), std::move(condition), {loop_, std::move(done)});
  });
}

Status StoreCaller::remove(const std::string& key) {
  return wait_for<Status>(loop_, [&](auto done) { store_.remove(key, {loop_, std::move(done)}); });
}

Status StoreCaller::each(const std::string& prefix,
                         const std::function<void(const ports::ObjectInfo&)>& take) {
  std::string after;
  while (true) {
    using Page = Result<std::vector<ports::ObjectInfo>>;
    const Page page = wait_for<Page>(loop_, [&](auto done) {
      store_.list(prefix, after, limits::kAdminListKeys, {loop_, std::move(done)});
    });
    if (!page.ok()) return page.error();
    for (const ports::ObjectInfo& object : page.value()) take(object);
    if (page->size() < limits::kAdminListKeys) return Done{};
    after = page->back().key;
  }
}

void StoreCaller::get_each(
    const std::vector<std::string>& keys,
    const std::function<void(const std::string& key, const Result<ports::Object>&)>& take) {
  std::deque<std::future<Result<ports::Object>>> asked;
  std::size_t taken = 0;
  for (std::size_t i = 0; taken < keys.size();) {
    if (i < keys.size() && asked.size() < limits::kAdminCalls) {
      asked.push_back(start<Result<ports::Object>>(loop_, [this, key = keys[i++]](auto done) {
        store_.get(key, {}, {loop_, std::move(done)});
      }));
      continue;
    }
    const Result<ports::Object> object = asked.front().get();
    asked.pop_front();
    take(keys[taken++], object);
  }
}

}  // namespace telltale::admin
