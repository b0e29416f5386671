// Lines of a Kubernetes watch as anything but an API server may send them. Whatever they are, what
// comes out are events that the door to the log takes and the fold bears; a line told again tells
// nothing; one that lost its end tells nothing either.
#include <vector>

#include "base/utf8.h"
#include "collect/argo_translate.h"
#include "collect/argo_workflow.h"
#include "collect/event_check.h"
#include "fold/run_view.h"
#include "fold/view_encoder.h"
#include "fuzz/harness.h"
#include "fuzz/quiet_protobuf.h"

namespace {

using telltale::collect::ArgoTranslate;
using telltale::collect::Translated;

void check_events(const std::vector<telltale::schema::Event>& events) {
  for (const telltale::schema::Event& event : events) {
    const auto status = telltale::collect::check_event(event);
    CHECK(status.ok(), "an event that no door takes: {}", status.error().message);
    CHECK(telltale::is_valid_utf8(event.has_source_node() ? event.source_node().message()
                                                          : event.source_pod().message()),
          "a message was cut within a character");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)telltale::collect::inflate_nodes(input);
  ArgoTranslate translate("cluster");
  telltale::fold::RunView view(*telltale::RunKey::parse("abcdefghijklmnopqrstuvwx23"));
  std::uint64_t offset = 0;
  while (!input.empty()) {
    const std::string_view line = telltale::fuzz::take_until(input, '\n');
    const Translated told = translate.translate(line);
    check_events(told.events);
    for (const telltale::schema::Event& event : told.events)
      view.apply(telltale::LogOffset{offset++}, event);
    if (told.line != Translated::Line::object) continue;
    Translated again = translate.translate(line);
    const bool deleted = line.find("DELETED") != std::string_view::npos;
    CHECK(deleted || again.events.empty(), "a line told again tells {} events",
          again.events.size());
    const Translated torn = ArgoTranslate("cluster").translate(line.substr(0, line.size() - 1));
    CHECK(torn.events.empty() || line.back() != '}', "a torn line tells something");
  }
  for (const char* stream : {"workflows", "pods"}) {
    translate.begin_list(stream);
    check_events(translate.end_list(stream, 1));
  }
  (void)telltale::fold::encode_run(view, {}, true);
  return 0;
}
