#include "keep/event_reader.h"

#include <spdlog/spdlog.h>

#include <deque>
#include <memory>
#include <optional>

#include "base/limits.h"

namespace telltale::keep {
namespace {

// Blocks are asked for in their order, several at a time, and taken in their order.
struct Reading {
  ports::Runtime& loop;
  ports::Store& store;
  const RunKey run;
  OnEvent on_event;
  ReadDone done;
  std::deque<std::string> keys{};  // listed, not asked for yet
  std::string listed{};            // the last of them
  bool all_listed = false;
  bool listing = false;
  bool over = false;
  std::deque<std::shared_ptr<std::optional<Result<ports::Object>>>> asked{};
  LogOffset next{};  // events before it were given out
  ArchiveRead read{};
};
using ReadingPtr = std::shared_ptr<Reading>;

void go_on(const ReadingPtr& reading);

void finish(const ReadingPtr& reading, Result<ArchiveRead> result) {
  if (std::exchange(reading->over, true)) return;
  reading->done(std::move(result));
}

void list(const ReadingPtr& reading) {
  reading->listing = true;
  auto listed = [reading](Result<std::vector<ports::ObjectInfo>> found) {
    reading->listing = false;
    if (!found.ok()) {
      finish(reading, found.error());
      return;
    }
    for (const ports::ObjectInfo& object : found.value()) reading->keys.push_back(object.key);
    reading->all_listed = found->size() < limits::kSweepKeys;
    if (!found->empty()) reading->listed = found->back().key;
    go_on(reading);
  };
  reading->store.list(keep::event_blocks_prefix(reading->run), reading->listed, limits::kSweepKeys,
                      {reading->loop, std::move(listed)});
}

void ask(const ReadingPtr& reading) {
  auto slot = reading->asked.emplace_back(std::make_shared<std::optional<Result<ports::Object>>>());
  auto got = [reading, slot](Result<ports::Object> object) {
    *slot = std::move(object);
    go_on(reading);
  };
  std::string key = std::move(reading->keys.front());
  reading->keys.pop_front();
  reading->store.get(std::move(key), {}, {reading->loop, std::move(got)});
}

void take(const ReadingPtr& reading, const std::string& bytes) {
  const Result<keep::EventBlock> block = keep::decode_event_block(bytes);
  if (!block.ok() || block->run() != reading->run) {
    ++reading->read.damaged;
    spdlog::error("archive: a block of run {} is lost: {}", reading->run.text(),
                  block.ok() ? "it is another run's" : block.error().message);
    return;
  }
  ++reading->read.blocks;
  for (const keep::ArchivedEvent& event : block->events()) {
    if (event.offset < reading->next) continue;
    reading->on_event(event);
    reading->next = next(event.offset);
  }
}

void go_on(const ReadingPtr& reading) {
  Reading& r = *reading;
  while (!r.over && !r.asked.empty() && r.asked.front()->has_value()) {
    Result<ports::Object> object = std::move(**r.asked.front());
    r.asked.pop_front();
    if (object.ok()) {
      take(reading, object->bytes);
    } else if (object.error().code == ErrorCode::not_found) {
      ++r.read.damaged;  // removed since it was listed
    } else {
      finish(reading, object.error());
    }
  }
  while (!r.over && !r.keys.empty() && r.asked.size() < limits::kArchiveCalls) ask(reading);
  if (r.over || !r.keys.empty() || !r.asked.empty() || r.listing) return;
  if (r.all_listed) {
    finish(reading, r.read);
  } else {
    list(reading);
  }
}

}  // namespace

void read_events(ports::Runtime& loop, ports::Store& store, const RunKey& run, OnEvent on_event,
                 ReadDone done) {
  go_on(std::make_shared<Reading>(Reading{loop, store, run, std::move(on_event), std::move(done)}));
}

}  // namespace telltale::keep
