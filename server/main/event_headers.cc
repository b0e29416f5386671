#include "main/event_headers.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "ports/jobs_topic.h"
#include "schema/event.pb.h"

namespace telltale::main {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::string_view kOfNoKind = "telltale.event";

// ce_type by the number of an event's field: "telltale.task_state". "": the field is no kind.
std::vector<std::string> make_types() {
  const auto* kinds = schema::Event::descriptor()->FindOneofByName("kind");
  std::vector<std::string> types;
  for (int i = 0; i < kinds->field_count(); ++i) {
    const auto number = static_cast<std::size_t>(kinds->field(i)->number());
    types.resize(std::max(types.size(), number + 1));
    types[number] = "telltale." + kinds->field(i)->name();
  }
  return types;
}

struct Seen {
  std::string_view id = "";  // librdkafka writes null for one that points nowhere
  std::string_view type = kOfNoKind;
};

// Reads the id and which kind it is; what the kind holds is passed over, however large.
Seen look_at(std::string_view bytes) {
  static const std::vector<std::string> types = make_types();
  Seen seen;
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    if (number == schema::Event::kIdFieldNumber) {
      std::uint32_t size = 0;
      if (!in.ReadVarint32(&size) || size > limits::kEventIdBytes) return seen;
      const auto at = static_cast<std::size_t>(in.CurrentPosition());
      if (!in.Skip(static_cast<int>(size))) return seen;
      seen.id = bytes.substr(at, size);
      continue;
    }
    const auto kind = static_cast<std::size_t>(number);
    if (kind < types.size() && !types[kind].empty()) seen.type = types[kind];
    if (!WireFormatLite::SkipField(&in, tag)) return seen;
  }
  return seen;
}

}  // namespace

void event_headers(const std::string& topic, const ports::Record& record,
                   const log::AddKafkaHeader& add) {
  add("ce_specversion", "1.0");
  add("ce_source", "telltale");
  add("content-type", "application/protobuf");
  add("ce_subject", record.key);
  if (topic == ports::kEventsTopic) {
    const Seen seen = look_at(record.value);
    add("ce_id", seen.id);
    add("ce_type", seen.type);
  } else {
    // One a key and moment, which is all that tells one record of a compacted topic from the next.
    add("ce_id", record.key + "/" + std::to_string(record.timestamp_us));
    add("ce_type", topic == ports::kSourcesTopic ? "telltale.source_position"
                   : topic == ports::kJobsTopic  ? "telltale.job_event"
                                                 : "telltale.run_summary");
  }
}

}  // namespace telltale::main
