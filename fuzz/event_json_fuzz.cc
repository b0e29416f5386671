// NDJSON of events, against protobuf's own parser one line at a time: what that takes whole is
// taken, what it refuses even with unknown fields left out is refused, and nothing gets lost
// between. The same lines as facts of a source are taken and refused alike.
#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <vector>

#include "base/limits.h"
#include "collect/event_check.h"
#include "collect/event_parser.h"
#include "fuzz/harness.h"
#include "fuzz/quiet_protobuf.h"
#include "schema/event.pb.h"

namespace {

using telltale::schema::Event;

constexpr telltale::EpochUs kNow{1'700'000'000'000'000};

bool reference_takes(std::string_view line, bool ignore_unknown, Event& event) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = ignore_unknown;
  event.Clear();
  return google::protobuf::util::JsonStringToMessage(
             google::protobuf::StringPiece(line.data(), line.size()), &event, options)
      .ok();
}

std::vector<std::string_view> lines_of(std::string_view body) {
  std::vector<std::string_view> lines;
  while (!body.empty()) {
    const std::string_view line = telltale::fuzz::take_until(body, '\n');
    const std::size_t last = line.find_last_not_of("\r \t");
    if (last != std::string_view::npos) lines.push_back(line.substr(0, last + 1));
  }
  return lines;
}

bool same(const Event& a, const Event& b) {
  google::protobuf::util::DefaultFieldComparator by_field;
  by_field.set_treat_nan_as_equal(true);
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_field_comparator(&by_field);
  return differencer.Compare(a, b);
}

// What the log would hold of this line; false when it is refused.
bool expected(std::string_view line, Event& event) {
  const bool strict = reference_takes(line, false, event);
  if (!strict && !reference_takes(line, true, event)) return false;
  event.set_unparsed(strict ? std::string() : std::string(line));
  if (!telltale::collect::check_event(event).ok()) return false;
  if (event.has_cancel_request()) return false;  // the server's own
  event.set_observed_at_us(to_number(kNow));
  if (event.happened_at_us() == 0) event.set_happened_at_us(to_number(kNow));
  return true;
}

void check_items(const std::vector<std::string_view>& lines,
                 const telltale::collect::ParsedEvents& as_lines) {
  std::vector<telltale::ports::Item> items;
  for (const std::string_view line : lines)
    items.push_back({telltale::hash_id({line}), std::string(line), line.size()});
  const telltale::collect::ParsedEvents parsed = telltale::collect::parse_json_items(items, kNow);
  CHECK(parsed.records.size() == as_lines.records.size(), "{} items of {} lines are taken",
        parsed.records.size(), as_lines.records.size());
  CHECK(parsed.refused.size() == as_lines.refused.size(), "{} items of {} lines are refused",
        parsed.refused.size(), as_lines.refused.size());
  Event kept;
  for (const telltale::ports::Record& record : parsed.records) {
    CHECK(kept.ParseFromString(record.value), "an item cannot be read back");
    CHECK(!kept.id().empty() && !kept.epoch().empty() && kept.sequence() > 0,
          "nothing tells a repeat of {}", kept.ShortDebugString());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = telltale::fuzz::text_of(data, size);
  const std::vector<std::string_view> lines = lines_of(body);
  if (lines.size() > 256) return 0;  // a matter of limits, which have a test of their own
  const telltale::collect::ParsedEvents parsed = telltale::collect::parse_json_events(body, kNow);
  CHECK(parsed.records.size() + parsed.refused.size() == lines.size(), "{} + {} of {} lines",
        parsed.records.size(), parsed.refused.size(), lines.size());
  std::size_t taken = 0;
  Event wanted;
  Event kept;
  for (const std::string_view line : lines) {
    if (line.size() > telltale::limits::kEventBytes || !expected(line, wanted)) continue;
    CHECK(taken < parsed.records.size(), "'{}' was refused", line);
    const telltale::ports::Record& record = parsed.records[taken++];
    CHECK(kept.ParseFromString(record.value), "'{}' cannot be read back", line);
    CHECK(record.key == wanted.run_key(), "'{}' went to run {}", line, record.key);
    CHECK(same(wanted, kept), "'{}' is kept as {}", line, kept.ShortDebugString());
  }
  CHECK(taken == parsed.records.size(), "{} lines more were taken than should be",
        parsed.records.size() - taken);
  check_items(lines, parsed);
  return 0;
}
