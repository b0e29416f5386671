#include "fold/listed_run.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "schema/view.pb.h"

namespace telltale::fold {
namespace {

constexpr std::string_view kEllipsis = "\u2026";

// ASCII only: what is beyond has no case in most scripts, and folding it would need tables.
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

// By memmem, whose time is linear: where names are chosen to fit, comparing at every place would
// take long.
bool contains(std::string_view text, const std::string& lowered_part) {
  const std::string all = lowered(text);
  return ::memmem(all.data(), all.size(), lowered_part.data(), lowered_part.size()) != nullptr;
}

template <typename T>
bool is_of(const std::vector<T>& some, const T& one) {
  return some.empty() || std::find(some.begin(), some.end(), one) != some.end();
}

void cut(std::string& text) {
  if (text.size() <= limits::kRunTextBytes) return;
  std::size_t end = limits::kRunTextBytes - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  text.append(kEllipsis);
}

}  // namespace

RunPlace place_of(const schema::RunSummary& summary) {
  // Times before 1970 are data too; the most negative one has no opposite.
  return {-std::max(summary.created_at_us(), -INT64_MAX), summary.run_key()};
}

bool matches(const RunFilter& filter, const ListedRun& run) {
  const schema::RunSummary& summary = *run.summary;
  if (filter.attention && !run.attention) return false;
  if (!is_of(filter.states, to_state(static_cast<int>(summary.state())))) return false;
  if (!is_of(filter.keys, summary.run_key())) return false;
  const schema::ClusterObject& origin = summary.cluster_object();
  if (!filter.cluster.empty() && filter.cluster != origin.cluster()) return false;
  if (!filter.namespace_name.empty() && filter.namespace_name != origin.namespace_()) return false;
  if (filter.text.empty()) return true;
  const std::string text = lowered(filter.text);
  return contains(summary.name(), text) || contains(summary.pipeline(), text) ||
         contains(summary.run_key(), text);
}

std::string pipeline_of(const schema::RunSummary& summary) {
  const std::string& name = summary.pipeline().empty() ? summary.name() : summary.pipeline();
  return name + '\0' + summary.source();
}

void shorten(schema::RunSummary& summary) {
  for (std::string* text :
       {summary.mutable_name(), summary.mutable_pipeline(), summary.mutable_source(),
        summary.mutable_message(), summary.mutable_first_failed_task_name(),
        summary.mutable_failure(), summary.mutable_main_metric()})
    cut(*text);
  if (summary.has_lost()) cut(*summary.mutable_lost()->mutable_reason());
  // A path that is cut leads elsewhere.
  if (summary.launch().ByteSizeLong() > limits::kRunTextBytes) summary.clear_launch();
}

}  // namespace telltale::fold
