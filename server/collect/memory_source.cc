#include "collect/memory_source.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/ids.h"

namespace telltale::collect {
namespace {

// "generation:index of the next fact"
std::string position_of(int generation, std::size_t next) {
  return fmt::format("{}:{}", generation, next);
}

}  // namespace

Result<ports::SourceBatch> MemorySource::find(const std::string& from,
                                              const ports::SourceLimits& limits) const {
  std::size_t next =
      from.empty() ? 0 : std::strtoull(from.c_str() + from.find(':') + 1, nullptr, 10);
  if (!from.empty() && (next > facts_.size() || from != position_of(generation_, next)))
    return ports::source_expired();
  ports::SourceBatch batch;
  std::size_t bytes = 0;
  for (; next < facts_.size(); ++next) {
    if (!batch.items.empty() &&
        (batch.items.size() >= limits.items_max || bytes >= limits.bytes_max))
      break;
    const std::string& fact = facts_[next];
    batch.items.push_back({hash_id({"memory", std::to_string(next), fact}),
                           fact.substr(0, limits.item_bytes_max), fact.size()});
    bytes += batch.items.back().bytes.size();
  }
  batch.position = batch.items.empty() ? from : position_of(generation_, next);
  return batch;
}

void MemorySource::read(std::string from, ports::SourceLimits limits,
                        ports::Completion<Result<ports::SourceBatch>> done) {
  CHECK(!waiting_, "a second read of a source");
  if (closed_) {
    done(ports::source_closed());
    return;
  }
  Result<ports::SourceBatch> found = find(from, limits);
  if (!found.ok() || !found->items.empty() || limits.wait_us <= 0) {
    done(std::move(found));
    return;
  }
  waiting_.emplace(Waiting{std::move(from), limits, std::move(done)});
  waiting_->timer = runtime_.post_after(limits.wait_us, [this] {
    Waiting waiting = std::move(*waiting_);
    waiting_.reset();
    waiting.done(ports::SourceBatch{{}, std::move(waiting.from)});
  });
}

void MemorySource::answer_waiting() {
  if (!waiting_) return;
  Result<ports::SourceBatch> found = find(waiting_->from, waiting_->limits);
  if (found.ok() && found->items.empty()) return;
  runtime_.cancel(waiting_->timer);
  waiting_->done(std::move(found));
  waiting_.reset();
}

void MemorySource::add(const std::vector<std::string>& facts) {
  facts_.insert(facts_.end(), facts.begin(), facts.end());
  answer_waiting();
}

void MemorySource::replace(std::vector<std::string> facts) {
  facts_ = std::move(facts);
  ++generation_;
  answer_waiting();
}

void MemorySource::drop_waiting() {
  if (waiting_) runtime_.cancel(waiting_->timer);
  waiting_.reset();
}

void MemorySource::close() {
  closed_ = true;
  if (!waiting_) return;
  runtime_.cancel(waiting_->timer);
  waiting_->done(ports::source_closed());
  waiting_.reset();
}

}  // namespace telltale::collect
