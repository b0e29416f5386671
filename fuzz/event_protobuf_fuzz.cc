// Length-delimited protobuf of events: whatever is taken can be read back, and once more.
#include "collect/event_check.h"
#include "collect/event_parser.h"
#include "fuzz/harness.h"
#include "fuzz/quiet_protobuf.h"
#include "schema/event.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = telltale::fuzz::text_of(data, size);
  const auto parsed = telltale::collect::parse_protobuf_events(body, telltale::EpochUs{7});
  for (const telltale::collect::Refused& refused : parsed.refused) {
    CHECK(!refused.message.empty() && refused.line > 0, "refused without a reason");
    CHECK(refused.raw.data() == nullptr ||
              (refused.raw.data() >= body.data() && refused.raw.end() <= body.end()),
          "what was refused lies outside of the body");
  }
  telltale::schema::Event event;
  for (const telltale::ports::Record& record : parsed.records) {
    CHECK(event.ParseFromString(record.value), "what was taken cannot be read back");
    CHECK(telltale::collect::check_event(event).ok(), "what was taken is refused the second time");
    CHECK(event.run_key() == record.key && event.observed_at_us() == 7, "key or time got lost");
  }
  return 0;
}
