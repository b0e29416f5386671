#include "serve/run_events.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <memory>

#include "base/limits.h"
#include "keep/checkpoint.h"
#include "keep/event_reader.h"
#include "schema/event.pb.h"

namespace telltale::serve {
namespace {

// Of the log at a time: what is made of it holds the loop for some milliseconds.
constexpr std::size_t kRecordsAtOnce = 500;

struct Reading {
  ports::Runtime& loop;
  ports::Log& log;
  ports::Store& store;
  const RunEventsQuery query;
  UniqueFunction<void(Result<RunEventsPage>)> done;
  ports::Partition partition{};
  LogOffset archived{};  // events before it are in the archive
  LogOffset next{};      // of the log
  LogOffset end{};
  RunEventsPage page{};
  LogOffset last{};
  bool seen = false;  // an event of the run, told or not
  bool full = false;
};
using ReadingPtr = std::shared_ptr<Reading>;

void finish(const ReadingPtr& reading) {
  Reading& r = *reading;
  if (!r.seen && !r.query.since) {
    r.done(Error{ErrorCode::not_found, "No run has this key. GET /api/v1/runs lists them."});
    return;
  }
  if (r.full) r.page.more_after = r.last;
  r.done(std::move(r.page));
}

void take(Reading& r, LogOffset offset, std::string_view value) {
  r.seen = true;
  if (r.full || (r.query.since && offset <= *r.query.since)) return;
  if (r.page.events >= r.query.events_max || r.page.ndjson.size() >= limits::kEventsPageBytes) {
    r.full = true;
    return;
  }
  schema::Event event;
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!event.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
      !google::protobuf::util::MessageToJsonString(event, &json, options).ok())
    return;  // counted when it was folded
  r.page.ndjson += fmt::format("{{\"position\":\"{}\"{}{}\n", to_number(offset),
                               json.size() > 2 ? "," : "", std::string_view(json).substr(1));
  ++r.page.events;
  r.last = offset;
}

void read_log(const ReadingPtr& reading) {
  if (reading->full || reading->next >= reading->end) {
    finish(reading);
    return;
  }
  ports::ReadLimits limits;
  limits.records_max = kRecordsAtOnce;
  auto read = [reading](Result<std::vector<ports::StoredRecord>> batch) {
    if (!batch.ok()) {
      reading->done(batch.error());
      return;
    }
    for (const ports::StoredRecord& record : *batch) {
      if (record.record.key == reading->query.run.text() && record.offset < reading->end)
        take(*reading, record.offset, record.record.value);
    }
    reading->next = batch->empty() ? reading->end : telltale::next(batch->back().offset);
    read_log(reading);
  };
  reading->log.read(reading->partition, reading->next, limits, {reading->loop, std::move(read)});
}

void find_bounds(const ReadingPtr& reading) {
  auto found = [reading](Result<ports::Bounds> bounds) {
    if (!bounds.ok()) {
      reading->done(bounds.error());
      return;
    }
    reading->next = std::max(reading->archived, bounds->begin);
    if (reading->query.since)
      reading->next = std::max(reading->next, telltale::next(*reading->query.since));
    reading->end = bounds->end;
    read_log(reading);
  };
  reading->log.bounds(reading->partition, {reading->loop, std::move(found)});
}

void read_archive(const ReadingPtr& reading) {
  auto event = [reading](const keep::ArchivedEvent& archived) {
    if (archived.offset < reading->archived) take(*reading, archived.offset, archived.value);
  };
  auto read = [reading](Result<keep::ArchiveRead> result) {
    if (!result.ok()) {
      reading->done(result.error());
    } else if (reading->full) {
      finish(reading);
    } else {
      find_bounds(reading);
    }
  };
  keep::read_events(reading->loop, reading->store, reading->query.run, std::move(event),
                    std::move(read));
}

}  // namespace

void read_run_events(ports::Runtime& loop, ports::Log& log, ports::Store& store,
                     RunEventsQuery query, UniqueFunction<void(Result<RunEventsPage>)> done) {
  auto reading =
      std::make_shared<Reading>(Reading{loop, log, store, std::move(query), std::move(done)});
  reading->partition = {ports::kEventsTopic,
                        log.partition_of(ports::kEventsTopic, reading->query.run.text())};
  auto got = [reading](Result<ports::Object> object) {
    if (!object.ok() && object.error().code != ErrorCode::not_found) {
      reading->done(object.error());
      return;
    }
    if (object.ok()) {
      const Result<keep::Checkpoint> checkpoint = keep::decode_checkpoint(object->bytes);
      if (checkpoint.ok()) reading->archived = checkpoint->archived.next;
    }
    read_archive(reading);
  };
  store.get(keep::checkpoint_key(reading->partition.number), {}, {loop, std::move(got)});
}

}  // namespace telltale::serve
