#include "collect/event_parser.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "base/ids.h"
#include "base/limits.h"
#include "collect/event_check.h"
#include "schema/event.pb.h"

namespace telltale::collect {
namespace {

using schema::Event;

// protobuf's reason without the piece of the line it draws below it: the sender has the line.
std::string sentence_of(std::string_view why) {
  why = why.substr(0, why.find('\n'));
  why.remove_prefix(std::min(why.find_first_not_of(": "), why.size()));
  return std::string(why);
}

bool parse_json(std::string_view line, bool ignore_unknown, Event& event, std::string& why) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = ignore_unknown;
  event.Clear();
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(line.data(), line.size()), &event, options);
  if (!status.ok()) why = sentence_of({status.message().data(), status.message().size()});
  return status.ok();
}

class Batch {
 public:
  explicit Batch(EpochUs observed_at) : observed_at_(observed_at) {}

  void refuse(std::string_view raw, ErrorCode code, std::string message) {
    out_.refused.push_back({line_, code, std::move(message), raw});
  }

  // Whether another line may follow. What stands beyond the limit is refused as one: a body of
  // nothing but line ends would else become millions of refusals.
  bool has_room(std::string_view rest) {
    if (line_ < limits::kIngestEvents) return true;
    ++line_;
    refuse(rest, ErrorCode::too_large,
           fmt::format("A request takes at most {} lines. Send what follows in another one.",
                       limits::kIngestEvents));
    return false;
  }

  // Counts the line and says whether it is of a size that can be looked at.
  bool next_line(std::string_view raw) { return next_line(raw, raw.size()); }
  // `size`: of the whole, where `raw` is the beginning of it.
  bool next_line(std::string_view raw, std::uint64_t size) {
    ++line_;
    if (size <= limits::kEventBytes) return true;
    refuse(raw, ErrorCode::too_large,
           fmt::format("An event has at most {} bytes, this one {}.", limits::kEventBytes, size));
    return false;
  }

  // Of what is taken next: the id that stands in where an event brings none.
  void name_after(const std::string& item_id) { item_id_ = &item_id; }

  void take(std::string_view raw, Event& event) {
    if (item_id_ != nullptr) name_fact(event);
    // Who may send events may not stop runs.
    if (event.kind_case() == Event::kCancelRequest) {
      refuse(raw, ErrorCode::invalid_argument,
             "cancel_request is the server's own: POST /api/v1/runs/KEY/cancel stops a run.");
      return;
    }
    if (Status status = check_event(event); !status.ok()) {
      refuse(raw, status.error().code, status.error().message);
      return;
    }
    event.set_observed_at_us(to_number(observed_at_));
    if (event.happened_at_us() == 0) event.set_happened_at_us(to_number(observed_at_));
    if (!event.unparsed().empty()) ++out_.with_unknown_fields;
    out_.records.push_back({event.run_key(), event.SerializeAsString(), to_number(observed_at_)});
    out_.lines.push_back(line_);
  }

  ParsedEvents finish() { return std::move(out_); }

 private:
  // What tells a repeat of this fact. Its own epoch, which nothing else is part of: a place in the
  // source would be another fact's once the source was cut off.
  void name_fact(Event& event) const {
    if (event.id().empty()) event.set_id(*item_id_);
    if (!event.epoch().empty() || event.sequence() != 0) return;
    event.set_epoch(hash_id({"fact", event.id()}));
    event.set_sequence(1);
  }

  EpochUs observed_at_;
  const std::string* item_id_ = nullptr;  // none: a request, whose sender names what it sends
  std::size_t line_ = 0;
  ParsedEvents out_;
};

std::string_view without_end(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
    line.remove_suffix(1);
  return line;
}

void take_json_line(Batch& batch, std::string_view line, Event& event) {
  std::string why;
  if (parse_json(line, false, event, why)) {
    event.clear_unparsed();  // ours to say, not the sender's
    batch.take(line, event);
    return;
  }
  // Fields of a newer version are no mistake: the line is kept as it came beside what is known of
  // it.
  std::string still_why;
  if (parse_json(line, true, event, still_why)) {
    event.set_unparsed(std::string(line));
    batch.take(line, event);
    return;
  }
  batch.refuse(line, ErrorCode::invalid_argument, "This line is no event: " + still_why);
}

}  // namespace

ParsedEvents parse_json_events(std::string_view body, EpochUs observed_at) {
  Batch batch(observed_at);
  Event event;
  while (!body.empty()) {
    const std::string_view rest = body;
    const std::size_t end = body.find('\n');
    const std::string_view line = without_end(body.substr(0, end));
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (line.empty()) continue;
    if (!batch.has_room(rest)) break;
    if (batch.next_line(line)) take_json_line(batch, line, event);
  }
  return batch.finish();
}

ParsedEvents parse_protobuf_events(std::string_view body, EpochUs observed_at) {
  Batch batch(observed_at);
  Event event;
  while (!body.empty() && batch.has_room(body)) {
    google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(body.data()),
                                                 static_cast<int>(body.size()));
    std::uint64_t length = 0;
    const bool has_length = input.ReadVarint64(&length);
    const auto prefix = static_cast<std::size_t>(input.CurrentPosition());
    if (!has_length || length > body.size() - prefix) {
      batch.next_line({});
      batch.refuse(body, ErrorCode::invalid_argument,
                   "The length before this message is broken or larger than what follows.");
      break;
    }
    const std::string_view message = body.substr(prefix, length);
    body.remove_prefix(prefix + length);
    if (!batch.next_line(message)) continue;
    if (event.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      batch.take(message, event);
    } else {
      batch.refuse(message, ErrorCode::invalid_argument, "These bytes are no event.");
    }
  }
  return batch.finish();
}

ParsedEvents parse_json_items(const std::vector<ports::Item>& items, EpochUs observed_at) {
  Batch batch(observed_at);
  Event event;
  for (const ports::Item& item : items) {
    const std::string_view line = without_end(item.bytes);
    if (line.empty() && item.size == item.bytes.size()) continue;
    batch.name_after(item.id);
    if (batch.next_line(line, item.size)) take_json_line(batch, line, event);
  }
  return batch.finish();
}

}  // namespace telltale::collect
