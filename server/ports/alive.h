// Alive: what an object gives to calls whose answers may come after it is gone; those are dropped.
// A member of that object, used on its loop only.
#pragma once

#include <memory>
#include <utility>

#include "ports/runtime.h"

namespace telltale::ports {

class Alive {
 public:
  Alive() = default;
  ~Alive() { *alive_ = false; }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

  template <typename T, typename F>
  Completion<T> answer(Runtime& loop, F done) const {
    return {loop, [alive = alive_, done = std::move(done)](T value) mutable {
              if (*alive) done(std::move(value));
            }};
  }

  // The same for an answer that is given on the loop already.
  template <typename T, typename F>
  UniqueFunction<void(T)> call(F done) const {
    return [alive = alive_, done = std::move(done)](T value) mutable {
      if (*alive) done(std::move(value));
    };
  }

  template <typename F>
  Task task(F what) const {
    return [alive = alive_, what = std::move(what)]() mutable {
      if (*alive) what();
    };
  }

 private:
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace telltale::ports
