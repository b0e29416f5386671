#include "serve/tail.h"

#include <algorithm>
#include <iterator>

#include "base/limits.h"

namespace telltale::serve {
namespace {

constexpr std::int64_t kWaitUs = 5'000'000;  // a read without news answers empty after this long
constexpr std::int64_t kPauseUs = 10'000;
constexpr std::int64_t kPauseUsMax = 2'000'000;
constexpr std::size_t kPartRecords = 32;  // handed on between two looks at the clock

}  // namespace

struct Tail::State {
  ports::Runtime& loop;
  ports::Log& log;
  ports::Partition partition;
  LogOffset next;
  OnBatch on_batch;
  std::int64_t pause_us = kPauseUs;
  bool stopped = false;
};

Tail::Tail(ports::Runtime& loop, ports::Log& log, ports::Partition partition, LogOffset from,
           OnBatch on_batch)
    : state_(std::make_shared<State>(
          State{loop, log, std::move(partition), from, std::move(on_batch)})) {
  read(state_);
}

Tail::~Tail() { state_->stopped = true; }

LogOffset Tail::next() const { return state_->next; }

void Tail::hand_on(const std::shared_ptr<State>& state, std::shared_ptr<Batch> batch,
                   std::size_t from) {
  const std::int64_t began_us = state->loop.steady_us();
  do {
    const auto begin = batch->begin() + static_cast<std::ptrdiff_t>(from);
    const std::size_t count = std::min(batch->size() - from, kPartRecords);
    state->on_batch(Batch(std::move_iterator(begin),
                          std::move_iterator(begin + static_cast<std::ptrdiff_t>(count))));
    if (state->stopped) return;
    from += count;
    if (from < batch->size() && state->loop.steady_us() - began_us > limits::kTurnUs) {
      state->loop.post([state, batch, from] {
        if (!state->stopped) hand_on(state, batch, from);
      });
      return;
    }
  } while (from < batch->size());
  read(state);
}

void Tail::read(const std::shared_ptr<State>& state) {
  ports::ReadLimits limits;
  limits.wait_us = kWaitUs;
  auto done = [state](Result<std::vector<ports::StoredRecord>> batch) {
    if (state->stopped) return;
    if (!batch.ok()) {
      if (batch.error().code == ErrorCode::closed) return;
      state->loop.post_after(state->pause_us, [state] {
        if (!state->stopped) read(state);
      });
      state->pause_us = std::min(state->pause_us * 2, kPauseUsMax);
      return;
    }
    state->pause_us = kPauseUs;
    if (!batch->empty()) state->next = telltale::next(batch->back().offset);
    hand_on(state, std::make_shared<Batch>(batch.take()), 0);
  };
  state->log.read(state->partition, state->next, limits, {state->loop, std::move(done)});
}

}  // namespace telltale::serve
