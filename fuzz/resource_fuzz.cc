// "PATH?QUERY" of a resource, as REST, event streams and subscriptions take it, down to a page of
// the list and the viewport of a chart.
#include "base/query.h"
#include "fuzz/harness.h"
#include "schema/view.pb.h"
#include "serve/resource.h"
#include "serve/run_query.h"
#include "serve/series_query.h"

namespace {

telltale::fold::Catalogue catalogue_of_three() {
  telltale::fold::Catalogue catalogue;
  for (int i = 0; i < 3; ++i) {
    telltale::schema::RunSummary summary;
    summary.set_run_key(telltale::make_run_key("fuzz", "", "", std::to_string(i)).text());
    summary.set_name("run");
    summary.set_created_at_us(i);
    catalogue.apply(telltale::LogOffset{static_cast<std::uint64_t>(i)}, summary);
  }
  return catalogue;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view query = telltale::fuzz::text_of(data, size);
  const std::string_view path = telltale::fuzz::take_until(query, '?');
  CHECK(telltale::percent_decode(path, false).size() <= path.size(), "'{}' grew", path);
  const auto resource = telltale::serve::parse_resource(path, query);
  if (!resource.ok()) {
    CHECK(!resource.error().message.empty(), "refused without a reason");
    return 0;
  }
  const auto limit = resource->number("limit", 10);
  CHECK(!limit.ok() || limit.value().value_or(0) <= 10, "a number above its bound");
  const auto runs = telltale::serve::parse_run_query(resource.value());
  static const telltale::fold::Catalogue kCatalogue = catalogue_of_three();
  if (runs.ok()) {
    const auto list = telltale::serve::encode_run_list(
        kCatalogue, kCatalogue.page(runs->filter, runs->page, runs->limit));
    CHECK(static_cast<std::size_t>(list.runs_size()) <= runs->limit, "a page above its limit");
  }
  const auto series = telltale::serve::parse_series_query(resource.value());
  CHECK(!series.ok() || series->columns > 0, "a chart of no columns");
  return 0;
}
