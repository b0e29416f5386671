// Bytes of a request or facts of a source -> Events ready for the log. Every line stands alone: a
// bad one is refused with its reason and its neighbours are taken. Pure but for the time it is
// given; any loop. Never touches the log, never throws, never trusts a length.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "ports/log.h"
#include "ports/source.h"

namespace telltale::collect {

struct Refused {
  std::size_t line = 0;  // from 1: line of NDJSON, or number of the message or item
  ErrorCode code = ErrorCode::invalid_argument;
  std::string message;
  std::string_view raw;  // into the body or the items that were parsed
};

struct ParsedEvents {
  std::vector<ports::Record> records;  // key: run key, value: the Event's protobuf
  std::vector<std::size_t> lines;      // of each, as in Refused
  std::vector<Refused> refused;
  std::size_t with_unknown_fields = 0;
};

// Newline-delimited JSON, empty lines skipped; a last line without newline counts. Of more lines or
// messages than limits::kIngestEvents, good or bad, the rest is refused as one.
ParsedEvents parse_json_events(std::string_view body, EpochUs observed_at);
// Protobuf messages, each preceded by its length as a varint. After a broken length nothing more
// can be told apart: the rest is refused as one.
ParsedEvents parse_protobuf_events(std::string_view body, EpochUs observed_at);
// Each item's bytes are one event in JSON, as a line of the above. An event without an id has the
// item's. One without an epoch has one of its own, made of its id, so that the fold knows it again
// however long ago it was told (docs/adr/0011-a-fact-of-a-source-is-its-own-epoch.md).
ParsedEvents parse_json_items(const std::vector<ports::Item>& items, EpochUs observed_at);

}  // namespace telltale::collect
