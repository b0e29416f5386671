// wait_for(): calls something whose answer comes on a loop, from another thread, and waits for it.
#pragma once

#include <future>
#include <memory>
#include <utility>

#include "ports/runtime.h"

namespace telltale::admin {

// `ask(UniqueFunction<void(T)>)` runs on the loop.
template <typename T, typename Ask>
std::future<T> start(ports::Runtime& loop, Ask ask) {
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> answer = promise->get_future();
  loop.post([promise, ask = std::move(ask)]() mutable {
    ask([promise](T value) { promise->set_value(std::move(value)); });
  });
  return answer;
}

template <typename T, typename Ask>
T wait_for(ports::Runtime& loop, Ask ask) {
  return start<T>(loop, std::move(ask)).get();
}

}  // namespace telltale::admin
