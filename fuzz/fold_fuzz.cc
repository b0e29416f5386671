// Events in pieces (harness.h), each as protobuf; those that ingest would take are folded. The view
// can be written as every message a reader gets, and its snapshot goes on exactly as it would.
#include "collect/event_check.h"
#include "fold/catalogue.h"
#include "fold/run_view.h"
#include "fold/snapshot.h"
#include "fold/view_encoder.h"
#include "fuzz/harness.h"
#include "fuzz/quiet_protobuf.h"
#include "schema/event.pb.h"

namespace {

using telltale::LogOffset;
using telltale::fold::RunView;

constexpr std::size_t kEvents = 64;

void encode_everything(const RunView& view) {
  namespace fold = telltale::fold;
  (void)fold::encode_run(view).SerializeAsString();
  (void)fold::encode_layout(view).SerializeAsString();
  for (const fold::Task* task : view.tasks()) {
    const telltale::schema::LogChunk chunk = fold::encode_log(*task, 0, 0, 1024);
    CHECK(chunk.offset() + chunk.data().size() <= chunk.size(), "a log is longer than it says");
  }
  for (const fold::Series& series : view.series()) {
    const fold::SeriesSlice slice = series.points.decimate(-1000, 1000, 7);
    CHECK(slice.step.size() == slice.value.size() && slice.total == series.points.size(),
          "columns differ");
    (void)fold::encode_points(series, series.points.decimate(INT64_MIN, INT64_MAX, 3));
  }
  fold::Catalogue catalogue;
  catalogue.apply(LogOffset{0}, fold::encode_summary(view));
  CHECK(catalogue.page({}, "", 10).runs.size() == 1, "the run is not in the list");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = telltale::fuzz::text_of(data, size);
  const telltale::RunKey key = telltale::make_run_key("fuzz", "", "", "");
  RunView view(key);
  RunView restored(key);
  telltale::schema::Event event;
  for (std::uint64_t offset = 0; offset < kEvents && !rest.empty(); ++offset) {
    const std::string_view piece = telltale::fuzz::take_piece(rest);
    if (!event.ParseFromArray(piece.data(), static_cast<int>(piece.size()))) continue;
    event.set_run_key(key.text());
    if (!telltale::collect::check_event(event).ok()) continue;
    const bool changed = view.apply(LogOffset{offset}, event);
    CHECK(restored.apply(LogOffset{offset}, event) == changed, "a snapshot goes on differently");
    CHECK(!view.apply(LogOffset{offset}, event), "a repeat changes something");
    if (offset % 4 != 0) continue;
    auto again = telltale::fold::decode(*telltale::fold::encode(restored));
    CHECK(again.ok(), "{}", again.error().message);
    restored = again.take();
  }
  CHECK(*telltale::fold::encode(view) == *telltale::fold::encode(restored),
        "view and snapshot differ");
  encode_everything(view);
  return 0;
}
