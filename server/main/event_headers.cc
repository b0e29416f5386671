#include "main/event_headers.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "base/limits.h"
#include "schema/event.pb.h"

namespace telltale::main {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

struct Seen {
  std::string id;
  std::string kind;  // of the oneof: "task_state"
};

// Reads the id and which kind it is; what the kind holds is passed over, however large.
Seen look_at(const std::string& bytes) {
  Seen seen;
  const auto* event = schema::Event::descriptor();
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    if (number == schema::Event::kIdFieldNumber) {
      std::uint32_t size = 0;
      if (!in.ReadVarint32(&size) || size > limits::kEventIdBytes ||
          !in.ReadString(&seen.id, static_cast<int>(size))) {
        return seen;
      }
      continue;
    }
    const auto* field = event->FindFieldByNumber(number);
    if (field != nullptr && field->containing_oneof() != nullptr) seen.kind = field->name();
    if (!WireFormatLite::SkipField(&in, tag)) return seen;
  }
  return seen;
}

}  // namespace

std::vector<log::KafkaHeader> event_headers(const std::string& topic, const ports::Record& record) {
  std::vector<log::KafkaHeader> headers = {{"ce_specversion", "1.0"},
                                           {"ce_source", "telltale"},
                                           {"content-type", "application/protobuf"},
                                           {"ce_subject", record.key}};
  if (topic == ports::kEventsTopic) {
    const Seen seen = look_at(record.value);
    headers.push_back({"ce_id", seen.id});
    headers.push_back({"ce_type", "telltale." + (seen.kind.empty() ? "event" : seen.kind)});
  } else {
    // One a key and moment, which is all that tells one record of a compacted topic from the next.
    headers.push_back({"ce_id", record.key + "/" + std::to_string(record.timestamp_us)});
    headers.push_back({"ce_type", topic == ports::kSourcesTopic ? "telltale.source_position"
                                                                : "telltale.run_summary"});
  }
  return headers;
}

}  // namespace telltale::main
